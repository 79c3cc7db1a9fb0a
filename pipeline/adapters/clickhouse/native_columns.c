/* Values of a column as ClickHouse's Native format has them: strings, words, numbers.
 *
 * clickhouse-connect writes the same bytes, in steps of the interpreter for each value of the types
 * that the sink has most of (nullable numbers, words of a dictionary): a test holds the two equal.
 * What does not fit raises; nothing is turned into something else.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "buffer.h"

#define INTERFACE 1 /* raised with every change of what is handed over or comes back */
#define LATEST 8 /* words of a dictionary that are compared before one is looked up */

/* Append text or bytes, behind their length. */
static int
put_string(Buffer *buffer, PyObject *value)
{
    Py_ssize_t size;
    const char *bytes;
    if (PyUnicode_Check(value)) {
        bytes = PyUnicode_AsUTF8AndSize(value, &size);
        if (bytes == NULL) {
            return -1;
        }
    }
    else if (PyBytes_Check(value)) {
        bytes = PyBytes_AS_STRING(value);
        size = PyBytes_GET_SIZE(value);
    }
    else {
        PyErr_SetString(PyExc_TypeError, "not a string");
        return -1;
    }
    return put_bytes(buffer, bytes, (size_t)size);
}

/* Return the buffer's content, or NULL after an error; either way the buffer is gone. */
static PyObject *
finished(Buffer *buffer, int failed)
{
    PyObject *result =
        failed ? NULL : PyBytes_FromStringAndSize(buffer->bytes, (Py_ssize_t)buffer->size);
    PyMem_Free(buffer->bytes);
    return result;
}

static PyObject *
strings(PyObject *Py_UNUSED(module), PyObject *given)
{
    PyObject *values = PySequence_Fast(given, "a sequence of values");
    if (values == NULL) {
        return NULL;
    }
    Buffer buffer = {0};
    int failed = 0;
    for (Py_ssize_t i = 0; !failed && i < PySequence_Fast_GET_SIZE(values); i++) {
        failed = put_string(&buffer, PySequence_Fast_GET_ITEM(values, i)) < 0;
    }
    Py_DECREF(values);
    return finished(&buffer, failed);
}

/* A dictionary in the making: its keys, what finds a key's place, and the latest words again, which
 * are mostly those that come next: to compare with them is a third of what a look-up costs. */
typedef struct {
    Buffer keys;
    PyObject *places;
    struct {
        const char *bytes;
        Py_ssize_t size;
        uint32_t place;
    } latest[LATEST];
    unsigned next;
} Dictionary;

/* Find the place of `word`, which is appended if it is new. */
static int
place_of(Dictionary *dictionary, PyObject *word, uint32_t *place)
{
    const int plain = PyUnicode_Check(word) && PyUnicode_IS_COMPACT_ASCII(word);
    const char *bytes = plain ? (const char *)PyUnicode_1BYTE_DATA(word) : NULL;
    const Py_ssize_t size = plain ? PyUnicode_GET_LENGTH(word) : 0;
    for (unsigned i = 0; plain && i < LATEST; i++) {
        if (dictionary->latest[i].size == size && dictionary->latest[i].bytes != NULL &&
            memcmp(dictionary->latest[i].bytes, bytes, (size_t)size) == 0) {
            *place = dictionary->latest[i].place;
            return 0;
        }
    }
    PyObject *found = PyDict_GetItemWithError(dictionary->places, word);
    if (found != NULL) {
        *place = (uint32_t)PyLong_AsUnsignedLong(found);
    }
    else {
        *place = (uint32_t)PyDict_GET_SIZE(dictionary->places);
        PyObject *number = PyErr_Occurred() ? NULL : PyLong_FromUnsignedLong(*place);
        const int failed = number == NULL ||
                           PyDict_SetItem(dictionary->places, word, number) < 0 ||
                           put_string(&dictionary->keys, word) < 0;
        Py_XDECREF(number);
        if (failed) {
            return -1;
        }
    }
    if (plain) {
        const unsigned at = dictionary->next++ % LATEST;
        dictionary->latest[at].bytes = bytes; /* the caller's values outlive the dictionary */
        dictionary->latest[at].size = size;
        dictionary->latest[at].place = *place;
    }
    return 0;
}

static PyObject *
words(PyObject *Py_UNUSED(module), PyObject *given)
{
    PyObject *values = PySequence_Fast(given, "a sequence of values");
    if (values == NULL) {
        return NULL;
    }
    const size_t count = (size_t)PySequence_Fast_GET_SIZE(values);
    uint32_t *keys = PyMem_New(uint32_t, count + 1);
    Dictionary dictionary = {.places = PyDict_New()};
    Buffer buffer = {0};
    int failed = keys == NULL || dictionary.places == NULL;
    if (keys == NULL) {
        PyErr_NoMemory();
    }
    for (size_t i = 0; !failed && i < count; i++) {
        PyObject *word = PySequence_Fast_GET_ITEM(values, (Py_ssize_t)i);
        failed = place_of(&dictionary, word, &keys[i]) < 0;
    }
    if (!failed && count > 0) {
        const size_t size = (size_t)PyDict_GET_SIZE(dictionary.places);
        failed = put_number(&buffer, DICTIONARY_VERSION) < 0 ||
                 put_dictionary(&buffer, &dictionary.keys, size, keys, count) < 0;
    }
    Py_XDECREF(dictionary.places);
    Py_DECREF(values);
    PyMem_Free(keys);
    PyMem_Free(dictionary.keys.bytes);
    return finished(&buffer, failed);
}

/* Write `value` to `place` as an integer of `width` bytes. */
static int
write_integer(PyObject *value, int width, int is_signed, char *place)
{
    if (!PyLong_Check(value)) {
        PyErr_SetString(PyExc_TypeError, "not an integer");
        return -1;
    }
    int fits;
    if (is_signed) {
        const int64_t number = PyLong_AsLongLong(value);
        if (number == -1 && PyErr_Occurred()) {
            return -1;
        }
        const int64_t most = INT64_MAX >> (64 - 8 * width);
        fits = number <= most && number >= -most - 1;
        memcpy(place, &number, (size_t)width);
    }
    else {
        const uint64_t number = PyLong_AsUnsignedLongLong(value);
        if (number == UINT64_MAX && PyErr_Occurred()) {
            return -1;
        }
        fits = number <= UINT64_MAX >> (64 - 8 * width);
        memcpy(place, &number, (size_t)width);
    }
    if (!fits) {
        PyErr_SetString(PyExc_OverflowError, "out of the type's range");
        return -1;
    }
    return 0;
}

/* Write `value` to `place` as a double. */
static int
write_float(PyObject *value, char *place)
{
    if (!PyFloat_Check(value) && !PyLong_Check(value)) {
        PyErr_SetString(PyExc_TypeError, "not a number");
        return -1;
    }
    const double number = PyFloat_AsDouble(value);
    if (number == -1.0 && PyErr_Occurred()) {
        return -1;
    }
    memcpy(place, &number, sizeof number);
    return 0;
}

static PyObject *
numbers(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 3 || !PyUnicode_Check(args[1]) || PyUnicode_GET_LENGTH(args[1]) != 1) {
        PyErr_SetString(PyExc_TypeError, "values, a letter of `array` and whether None is NULL");
        return NULL;
    }
    const char kind = (char)PyUnicode_READ_CHAR(args[1], 0);
    const char *const known = strchr("bBhHiIqQd", kind);
    if (kind == 0 || known == NULL) {
        PyErr_SetString(PyExc_ValueError, "an unknown letter");
        return NULL;
    }
    const int width = strchr("bB", kind) ? 1 : strchr("hH", kind) ? 2 : strchr("iI", kind) ? 4 : 8;
    const int is_signed = kind >= 'a';
    const int nullable = PyObject_IsTrue(args[2]);
    PyObject *values = PySequence_Fast(args[0], "a sequence of values");
    if (values == NULL) {
        return NULL;
    }
    const Py_ssize_t rows = PySequence_Fast_GET_SIZE(values);
    /* first a byte for each row that is 1 for NULL, if there are such, then the numbers */
    const Py_ssize_t nulls = nullable ? rows : 0;
    PyObject *result = PyBytes_FromStringAndSize(NULL, nulls + rows * width);
    for (Py_ssize_t i = 0; result != NULL && i < rows; i++) {
        PyObject *value = PySequence_Fast_GET_ITEM(values, i);
        char *const bytes = PyBytes_AS_STRING(result);
        char *const place = bytes + nulls + i * width;
        int done = 0;
        if (nullable) {
            bytes[i] = value == Py_None;
        }
        if (nullable && value == Py_None) {
            memset(place, 0, (size_t)width);
        }
        else {
            done = kind == 'd' ? write_float(value, place)
                               : write_integer(value, width, is_signed, place);
        }
        if (done < 0) {
            Py_CLEAR(result);
        }
    }
    Py_DECREF(values);
    return result;
}

static PyMethodDef native_columns_methods[] = {
    {"strings", strings, METH_O, "Texts or bytes as String."},
    {"words", words, METH_O, "Texts or bytes as LowCardinality(String)."},
    {"numbers", (PyCFunction)(void (*)(void))numbers, METH_FASTCALL,
     "Numbers of a type given as in `array`; with None for NULL as Nullable."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef native_columns_module = {
    PyModuleDef_HEAD_INIT, .m_name = "native_columns", .m_doc = "Columns of the Native format.",
    .m_size = -1, .m_methods = native_columns_methods,
};

PyMODINIT_FUNC
PyInit_native_columns(void)
{
    PyObject *module = PyModule_Create(&native_columns_module);
    if (module == NULL || PyModule_AddIntConstant(module, "INTERFACE", INTERFACE) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
