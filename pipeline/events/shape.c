/* How deep a parsed document nests and how many members its objects have, and how many members its
 * text has: what settles depth and repeated keys for each event of the input.
 *
 * In Python each value would be asked for its type; to count brackets in bytes takes thrice as long.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

/* More levels than any parser of ours reads: a value that was not parsed may refer to itself. */
#define MOST_LEVELS 2000

/* Add the members of all objects in `value` to `members`; return its levels of nesting. */
static Py_ssize_t
levels_of(PyObject *value, Py_ssize_t left, Py_ssize_t *members)
{
    Py_ssize_t deepest = 0;
    if (left == 0) {
        return 0;
    }
    if (PyDict_CheckExact(value)) {
        Py_ssize_t position = 0;
        PyObject *member;
        *members += PyDict_GET_SIZE(value);
        while (PyDict_Next(value, &position, NULL, &member)) {
            if (PyDict_CheckExact(member) || PyList_CheckExact(member)) {
                const Py_ssize_t levels = levels_of(member, left - 1, members);
                deepest = levels > deepest ? levels : deepest;
            }
        }
    }
    else if (PyList_CheckExact(value)) {
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(value); i++) {
            PyObject *item = PyList_GET_ITEM(value, i);
            if (PyDict_CheckExact(item) || PyList_CheckExact(item)) {
                const Py_ssize_t levels = levels_of(item, left - 1, members);
                deepest = levels > deepest ? levels : deepest;
            }
        }
    }
    else {
        return 0;
    }
    return deepest + 1;
}

static PyObject *
of_parsed(PyObject *Py_UNUSED(module), PyObject *value)
{
    Py_ssize_t members = 0;
    const Py_ssize_t levels = levels_of(value, MOST_LEVELS, &members);
    return Py_BuildValue("nn", levels, members);
}

/* Return the quote that closes the string which `quote` opens, or `end`. */
static const char *
end_of_string(const char *quote, const char *end)
{
    const char *at = quote;
    while ((at = memchr(at + 1, '"', end - at - 1)) != NULL) {
        /* behind an odd number of backslashes it is part of the string */
        const char *before = at;
        while (before[-1] == '\\') {
            before--;
        }
        if ((at - before) % 2 == 0) {
            return at;
        }
    }
    return end;
}

static PyObject *
members_in(PyObject *Py_UNUSED(module), PyObject *text)
{
    if (!PyBytes_Check(text)) {
        PyErr_SetString(PyExc_TypeError, "the text is bytes");
        return NULL;
    }
    const char *at = PyBytes_AS_STRING(text), *end = at + PyBytes_GET_SIZE(text);
    Py_ssize_t members = 0;
    for (; at < end; at++) {
        if (*at == ':') {
            members++;
        }
        else if (*at == '"') {
            at = end_of_string(at, end);
        }
    }
    return PyLong_FromSsize_t(members);
}

static PyMethodDef methods[] = {
    {"of_parsed", of_parsed, METH_O, "Levels and members of a parsed document; see shape.pyi."},
    {"members_in", members_in, METH_O, "Members in the text of a document; see shape.pyi."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef shape_module = {
    PyModuleDef_HEAD_INIT, .m_name = "shape", .m_doc = "The shape of JSON documents.",
    .m_size = -1, .m_methods = methods,
};

PyMODINIT_FUNC
PyInit_shape(void)
{
    return PyModule_Create(&shape_module);
}
