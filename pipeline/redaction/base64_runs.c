/* Whether a text may hold base64: so many characters of its alphabets in a row.
 *
 * Nearly every text has none, and words are short. So it is enough to look at every `length`th
 * character: where that is none of base64's, no run of `length` characters goes over it. Where it
 * is one, the run is followed back to where it begins. Time is linear: no character is looked at
 * more than twice.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define INTERFACE 1 /* raised with every change of what is handed over or comes back */

static inline int
is_base64(Py_UCS4 character)
{
    const Py_UCS4 letter = character | 0x20;
    return (letter >= 'a' && letter <= 'z') || (character >= '0' && character <= '9') ||
           character == '+' || character == '/' || character == '_' || character == '-';
}

static inline int
holds(int kind, const void *data, Py_ssize_t size, Py_ssize_t length)
{
    Py_ssize_t at = length - 1;
    while (at < size) {
        Py_ssize_t start = at + 1;
        while (start > 0 && at + 1 - start < length &&
               is_base64(PyUnicode_READ(kind, data, start - 1))) {
            start--;
        }
        if (at + 1 - start == length) {
            return 1;
        }
        /* the character before `start` is none, or the text begins there */
        at = start + length - 1;
    }
    return 0;
}

static PyObject *
may_hold(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyUnicode_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "a text and a length");
        return NULL;
    }
    const Py_ssize_t length = PyLong_AsSsize_t(args[1]);
    if (length < 1) {
        if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_ValueError, "a run has a length");
        }
        return NULL;
    }
    if (PyUnicode_READY(args[0]) < 0) {
        return NULL;
    }
    const int kind = PyUnicode_KIND(args[0]);
    const void *data = PyUnicode_DATA(args[0]);
    const Py_ssize_t size = PyUnicode_GET_LENGTH(args[0]);
    /* said once more, so that the usual loop is made for bytes */
    return PyBool_FromLong(kind == PyUnicode_1BYTE_KIND
                               ? holds(PyUnicode_1BYTE_KIND, data, size, length)
                               : holds(kind, data, size, length));
}

static PyMethodDef base64_runs_methods[] = {
    {"may_hold", (PyCFunction)(void (*)(void))may_hold, METH_FASTCALL,
     "Whether characters of base64 stand in a row in a text, as many as asked for."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef base64_runs_module = {
    PyModuleDef_HEAD_INIT, .m_name = "base64_runs", .m_doc = "Whether a text may hold base64.",
    .m_size = -1, .m_methods = base64_runs_methods,
};

PyMODINIT_FUNC
PyInit_base64_runs(void)
{
    PyObject *module = PyModule_Create(&base64_runs_module);
    if (module == NULL || PyModule_AddIntConstant(module, "INTERFACE", INTERFACE) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
