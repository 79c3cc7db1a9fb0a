/* The form of an id, a time or the name of a thing: `[\w.:/+#-]{0,256}` in ASCII.
 *
 * Every event has some twenty trusted values, and a regular expression makes a match object for
 * each of them: that costs ten times as much as reading it.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define LONGEST 256

static char allowed[128];

static int
is_plain(PyObject *text)
{
    const Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    if (length > LONGEST || !PyUnicode_IS_ASCII(text)) {
        return 0;
    }
    const Py_UCS1 *chars = PyUnicode_1BYTE_DATA(text);
    for (Py_ssize_t at = 0; at < length; at++) {
        if (!allowed[chars[at]]) {
            return 0;
        }
    }
    return 1;
}

static PyObject *
is_plain_id(PyObject *Py_UNUSED(module), PyObject *text)
{
    if (!PyUnicode_Check(text)) {
        PyErr_SetString(PyExc_TypeError, "the text is a str");
        return NULL;
    }
    return PyBool_FromLong(is_plain(text));
}

/* Whether a value needs no look where its name is trusted: only a text may have another form, and
 * what is inside of objects and lists has names of its own.
 */
static int
is_plain_value(PyObject *value)
{
    if (PyUnicode_CheckExact(value)) {
        return is_plain(value);
    }
    return value == Py_None || PyBool_Check(value) || PyLong_CheckExact(value)
           || PyFloat_CheckExact(value);
}

static PyObject *
beyond_ids(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 2 || !PyDict_CheckExact(arguments[0]) || !PySet_CheckExact(arguments[1])) {
        PyErr_SetString(PyExc_TypeError, "a dict and a set are asked for");
        return NULL;
    }
    PyObject *members = arguments[0], *trusted = arguments[1], *name, *value;
    if (PySet_GET_SIZE(trusted) == 0) {
        return PyDict_Keys(members);
    }
    PyObject *names = PyList_New(0);
    Py_ssize_t at = 0;
    while (names != NULL && PyDict_Next(members, &at, &name, &value)) {
        const int passes = is_plain_value(value) ? PySet_Contains(trusted, name) : 0;
        if (passes < 0 || (!passes && PyList_Append(names, name) < 0)) {
            Py_CLEAR(names);
        }
    }
    return names;
}

static PyMethodDef methods[] = {
    {"is_plain_id", is_plain_id, METH_O, "Whether a text has the form of an id."},
    {"beyond_ids", _PyCFunction_CAST(beyond_ids), METH_FASTCALL,
     "Names of the members that need a look; see id_form.pyi."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef id_form_module = {
    PyModuleDef_HEAD_INIT, .m_name = "id_form", .m_doc = "The form of an id.", .m_size = -1,
    .m_methods = methods,
};

PyMODINIT_FUNC
PyInit_id_form(void)
{
    for (const char *sign = "_.:/+#-"; *sign != '\0'; sign++) {
        allowed[(unsigned char)*sign] = 1;
    }
    for (int digit = 0; digit < 10; digit++) {
        allowed['0' + digit] = 1;
    }
    for (int letter = 0; letter < 26; letter++) {
        allowed['A' + letter] = allowed['a' + letter] = 1;
    }
    return PyModule_Create(&id_form_module);
}
