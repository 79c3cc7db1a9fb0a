/* The form of an id, a time or the name of a thing: `[\w.:/+#-]{0,256}` in ASCII.
 *
 * Every event has some twenty trusted values, and a regular expression makes a match object for
 * each of them: that costs ten times as much as reading it.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define LONGEST 256

static char allowed[128];

static PyObject *
is_plain_id(PyObject *Py_UNUSED(module), PyObject *text)
{
    if (!PyUnicode_Check(text)) {
        PyErr_SetString(PyExc_TypeError, "the text is a str");
        return NULL;
    }
    const Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    if (length > LONGEST || !PyUnicode_IS_ASCII(text)) {
        Py_RETURN_FALSE;
    }
    const Py_UCS1 *chars = PyUnicode_1BYTE_DATA(text);
    for (Py_ssize_t at = 0; at < length; at++) {
        if (!allowed[chars[at]]) {
            Py_RETURN_FALSE;
        }
    }
    Py_RETURN_TRUE;
}

static PyMethodDef methods[] = {
    {"is_plain_id", is_plain_id, METH_O, "Whether a text has the form of an id."},
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
