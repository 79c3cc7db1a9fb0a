/* The values of many fields in many records, row by row.
 *
 * A record is a dictionary whose table fills a good part of the processor's first cache: taking one
 * column after the other would fetch each table anew for each of sixty columns.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define INTERFACE 1 /* raised with every change of what is handed over or comes back */

/* Whether a value counts as absent where a field has a default. */
static int
is_empty(PyObject *value)
{
    if (value == Py_None) {
        return 1;
    }
    return PyUnicode_Check(value) ? PyUnicode_GET_LENGTH(value) == 0 : PyObject_Not(value);
}

/* Put the fields of `record` into row `row` of the lists `columns`. */
static int
take_row(PyObject *record, PyObject *names, PyObject *defaults, PyObject *columns, Py_ssize_t row)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
        PyObject *fallback = PyTuple_GET_ITEM(defaults, i);
        PyObject *value = PyDict_GetItemWithError(record, PyTuple_GET_ITEM(names, i));
        if (value == NULL) {
            if (PyErr_Occurred()) {
                return -1;
            }
            if (fallback == Py_Ellipsis) {
                PyErr_SetObject(PyExc_KeyError, PyTuple_GET_ITEM(names, i));
                return -1;
            }
            value = fallback;
        }
        else if (fallback != Py_None && fallback != Py_Ellipsis) {
            const int empty = is_empty(value);
            if (empty < 0) {
                return -1;
            }
            value = empty ? fallback : value;
        }
        Py_INCREF(value);
        PyList_SET_ITEM(PyTuple_GET_ITEM(columns, i), row, value);
    }
    return 0;
}

static PyObject *
take(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 3 || !PyList_Check(args[0]) || !PyTuple_Check(args[1]) ||
        !PyTuple_Check(args[2]) || PyTuple_GET_SIZE(args[1]) != PyTuple_GET_SIZE(args[2])) {
        PyErr_SetString(PyExc_TypeError, "a list of records, names, and as many defaults");
        return NULL;
    }
    PyObject *records = args[0], *names = args[1];
    const Py_ssize_t rows = PyList_GET_SIZE(records);
    PyObject *columns = PyTuple_New(PyTuple_GET_SIZE(names));
    for (Py_ssize_t i = 0; columns != NULL && i < PyTuple_GET_SIZE(names); i++) {
        PyObject *column = PyList_New(rows);
        if (column == NULL) {
            Py_CLEAR(columns);
        }
        else {
            PyTuple_SET_ITEM(columns, i, column);
        }
    }
    for (Py_ssize_t row = 0; columns != NULL && row < rows; row++) {
        PyObject *record = PyList_GET_ITEM(records, row);
        if (!PyDict_Check(record)) {
            PyErr_SetString(PyExc_TypeError, "not an object");
            Py_CLEAR(columns);
        }
        else if (take_row(record, names, args[2], columns, row) < 0) {
            Py_CLEAR(columns);
        }
    }
    return columns;
}

static PyMethodDef taking_methods[] = {
    {"take", (PyCFunction)(void (*)(void))take, METH_FASTCALL,
     "The values of each field in all records; see taking.pyi."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef taking_module = {
    PyModuleDef_HEAD_INIT, .m_name = "taking", .m_doc = "Fields of records as columns.",
    .m_size = -1, .m_methods = taking_methods,
};

PyMODINIT_FUNC
PyInit_taking(void)
{
    PyObject *module = PyModule_Create(&taking_module);
    if (module == NULL || PyModule_AddIntConstant(module, "INTERFACE", INTERFACE) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
