/* Rows straight from the JSON of records to the columns of a block, with no object in between.
 *
 * A record is read, and decided about by its id and its place in the input; then it is kept or the
 * next one is read. What is not written as a redactor writes it, or does not fit its column, is not
 * read at all: the general way by orjson, `taking.c` and `native_columns.c` takes or refuses it. A
 * test holds the two ways to the same bytes. To parse an event into objects, to take the values out
 * of them and to free them takes five times as long.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "row_columns.h"

#define INTERFACE 1 /* raised with every change of what is handed over or comes back */

typedef struct {
    PyObject_HEAD
    PyObject *fields_given; /* has the names and heads of columns */
    Fields fields;
    Column columns[MOST_FIELDS];
    size_t rows;
    PyObject *value; /* what was read last, until it is kept: fields point into it */
    PyObject *topic; /* of the input, as it was last */
    int is_damaged;  /* a row is not whole, for want of memory */
    const Field *event_id, *source_topic, *source_partition, *source_offset, *source_index;
    Field *cluster, *own_topic, *own_partition, *own_offset;
} JsonRows;

/* Return the source's topic as an object; mostly it is that of the record before. */
static PyObject *
topic_of(JsonRows *rows)
{
    const Text *text = &rows->source_topic->value.text;
    Py_ssize_t size = 0;
    const char *known = rows->topic == NULL ? NULL : PyUnicode_AsUTF8AndSize(rows->topic, &size);
    if (known == NULL || (size_t)size != text->size ||
        memcmp(known, text->start, text->size) != 0) {
        PyObject *topic = PyUnicode_DecodeUTF8(text->start, (Py_ssize_t)text->size, NULL);
        if (topic == NULL) {
            return NULL;
        }
        Py_XSETREF(rows->topic, topic);
    }
    return Py_NewRef(rows->topic);
}

static PyObject *
json_rows_read(JsonRows *rows, PyObject *value)
{
    Py_CLEAR(rows->value);
    if (!PyBytes_Check(value)) {
        Py_RETURN_NONE;
    }
    const char *const start = PyBytes_AS_STRING(value);
    Scanner scanner = {start, start + PyBytes_GET_SIZE(value)};
    if (read_record(&scanner, &rows->fields) < 0) {
        Py_RETURN_NONE;
    }
    if (rows->event_id->value.text.saved > 0) {
        Py_RETURN_NONE;
    }
    const Text *id = &rows->event_id->value.text;
    PyObject *found =
        Py_BuildValue("NNKKK", PyUnicode_DecodeUTF8(id->start, (Py_ssize_t)id->size, NULL),
                      topic_of(rows), rows->source_partition->value.number.whole,
                      rows->source_offset->value.number.whole,
                      rows->source_index->value.number.whole);
    if (found != NULL) {
        rows->value = Py_NewRef(value);
    }
    return found;
}

/* Make `given` the text of a field. */
static int
set_text(Field *field, PyObject *given)
{
    Py_ssize_t size;
    const char *text = PyUnicode_AsUTF8AndSize(given, &size);
    field->value.text = (Text){text, (size_t)size, 0};
    field->value.type = '"';
    field->is_seen = 1;
    return text == NULL ? -1 : 0;
}

/* Make `given` the number of a field, which is `most` at most. */
static int
set_number(Field *field, PyObject *given, uint64_t most)
{
    field->value.number.whole = PyLong_AsUnsignedLongLong(given);
    field->value.type = 0;
    field->is_seen = 1;
    if (PyErr_Occurred()) {
        return -1;
    }
    if (field->value.number.whole > most) {
        PyErr_SetString(PyExc_OverflowError, "out of the type's range");
        return -1;
    }
    return 0;
}

static PyObject *
json_rows_keep(JsonRows *rows, PyObject *const *args, Py_ssize_t count)
{
    if (count != 4 || rows->value == NULL) {
        PyErr_SetString(PyExc_TypeError, "cluster, topic, partition and offset of what was read");
        return NULL;
    }
    if (set_text(rows->cluster, args[0]) < 0 || set_text(rows->own_topic, args[1]) < 0 ||
        set_number(rows->own_partition, args[2], UINT32_MAX) < 0 ||
        set_number(rows->own_offset, args[3], UINT64_MAX) < 0) {
        return NULL;
    }
    for (size_t i = 0; i < rows->fields.count; i++) {
        if (put_field(&rows->columns[i], &rows->fields, i) < 0) {
            rows->is_damaged = 1;
            return NULL;
        }
    }
    rows->rows++;
    Py_CLEAR(rows->value);
    Py_RETURN_NONE;
}

static PyObject *
json_rows_take(JsonRows *rows, PyObject *Py_UNUSED(ignored))
{
    Buffer block = {0};
    int failed = rows->is_damaged;
    if (failed) {
        PyErr_SetString(PyExc_RuntimeError, "a row is not whole");
    }
    for (size_t i = 0; !failed && i < rows->fields.count; i++) {
        PyObject *given = PyTuple_GET_ITEM(rows->fields_given, (Py_ssize_t)i);
        PyObject *head = PyTuple_GET_ITEM(given, 4);
        Column *column = &rows->columns[i];
        failed = put(&block, PyBytes_AS_STRING(head), (size_t)PyBytes_GET_SIZE(head)) < 0 ||
                 put_column(&block, rows->fields.fields[i].kind, column) < 0;
        clear_column(column);
    }
    rows->rows = 0;
    PyObject *result =
        failed ? NULL : PyBytes_FromStringAndSize(block.bytes, (Py_ssize_t)block.size);
    PyMem_Free(block.bytes);
    return result;
}

/* Add a field as Python describes it. */
static int
add_field(JsonRows *rows, PyObject *given)
{
    Fields *fields = &rows->fields;
    Field *field = &fields->fields[fields->count];
    unsigned object;
    int kind;
    Py_ssize_t size;
    PyObject *name;
    if (!PyTuple_Check(given)) {
        PyErr_SetString(PyExc_TypeError, "a field is a tuple");
        return -1;
    }
    if (!PyArg_ParseTuple(given, "IUCpS", &object, &name, &kind, &field->is_required,
                          &(PyObject *){NULL})) {
        return -1;
    }
    if (fields->count == MOST_FIELDS - 1 || object > OUTSIDE || kind > 127) {
        PyErr_SetString(PyExc_ValueError, "too many fields or objects, or an unknown kind");
        return -1;
    }
    field->name = PyUnicode_AsUTF8AndSize(name, &size);
    if (field->name == NULL) {
        return -1;
    }
    field->name_size = (size_t)size;
    field->kind = (char)kind;
    field->object = object;
    fields->count++;
    return 0;
}

/* Return the field of `object` that is called so, or NULL and an error. */
static Field *
needed(JsonRows *rows, size_t object, const char *name, char kind)
{
    for (size_t i = 0; i < rows->fields.count; i++) {
        Field *field = &rows->fields.fields[i];
        if (field->object == object && field->kind == kind && strcmp(field->name, name) == 0) {
            return field;
        }
    }
    PyErr_Format(PyExc_ValueError, "there is no field %s", name);
    return NULL;
}

/* Find the fields that decide about a record, and those that say where it stands. */
static int
find_needed(JsonRows *rows)
{
    const Field *source = needed(rows, 1, "source", OBJECT);
    return source == NULL || (rows->event_id = needed(rows, 0, "event_id", TEXT)) == NULL ||
                   (rows->source_topic = needed(rows, 1, "topic", WORD)) == NULL ||
                   (rows->source_partition = needed(rows, 1, "partition", MEDIUM)) == NULL ||
                   (rows->source_offset = needed(rows, 1, "offset", LONG)) == NULL ||
                   (rows->source_index = needed(rows, 1, "index", MEDIUM)) == NULL ||
                   (rows->cluster = needed(rows, OUTSIDE, "cluster", WORD)) == NULL ||
                   (rows->own_topic = needed(rows, OUTSIDE, "topic", WORD)) == NULL ||
                   (rows->own_partition = needed(rows, OUTSIDE, "partition", MEDIUM)) == NULL ||
                   (rows->own_offset = needed(rows, OUTSIDE, "offset", LONG)) == NULL
               ? -1
               : 0;
}

static PyObject *
json_rows_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(named))
{
    PyObject *given;
    if (!PyArg_ParseTuple(args, "O!", &PyTuple_Type, &given)) {
        return NULL;
    }
    JsonRows *rows = (JsonRows *)type->tp_alloc(type, 0);
    if (rows == NULL) {
        return NULL;
    }
    Fields *fields = &rows->fields;
    rows->fields_given = Py_NewRef(given);
    int failed = 0;
    for (Py_ssize_t i = 0; !failed && i < PyTuple_GET_SIZE(given); i++) {
        failed = add_field(rows, PyTuple_GET_ITEM(given, i)) < 0;
    }
    for (size_t i = 0; !failed && i < fields->count; i++) {
        const Field *field = &fields->fields[i];
        if (field->object != OUTSIDE && field->kind != REST) {
            add_name(fields, field->kind == OBJECT ? 0 : field->object, i);
        }
    }
    if (failed || find_needed(rows) < 0) {
        Py_CLEAR(rows);
    }
    return (PyObject *)rows;
}

static void
json_rows_dealloc(JsonRows *rows)
{
    for (size_t i = 0; i < rows->fields.count; i++) {
        free_column(&rows->columns[i]);
    }
    Py_XDECREF(rows->fields_given);
    Py_XDECREF(rows->value);
    Py_XDECREF(rows->topic);
    Py_TYPE(rows)->tp_free((PyObject *)rows);
}

static Py_ssize_t
json_rows_length(JsonRows *rows)
{
    return (Py_ssize_t)rows->rows;
}

static PyMethodDef json_rows_type_methods[] = {
    {"read", (PyCFunction)json_rows_read, METH_O, "Read a record; see json_rows.pyi."},
    {"keep", (PyCFunction)(void (*)(void))json_rows_keep, METH_FASTCALL,
     "Make what was read a row; see json_rows.pyi."},
    {"take", (PyCFunction)json_rows_take, METH_NOARGS, "The columns of all rows, which go."},
    {NULL, NULL, 0, NULL},
};

static PySequenceMethods json_rows_sequence = {.sq_length = (lenfunc)json_rows_length};

static PyTypeObject json_rows_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "json_rows.JsonRows",
    .tp_doc = "Rows in the making.",
    .tp_basicsize = sizeof(JsonRows),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = json_rows_new,
    .tp_dealloc = (destructor)json_rows_dealloc,
    .tp_methods = json_rows_type_methods,
    .tp_as_sequence = &json_rows_sequence,
};

static struct PyModuleDef json_rows_module = {
    PyModuleDef_HEAD_INIT, .m_name = "json_rows", .m_doc = "Rows from the JSON of records.",
    .m_size = -1,
};

PyMODINIT_FUNC
PyInit_json_rows(void)
{
    if (PyType_Ready(&json_rows_type) < 0) {
        return NULL;
    }
    PyObject *module = PyModule_Create(&json_rows_module);
    if (module == NULL || PyModule_AddIntConstant(module, "INTERFACE", INTERFACE) < 0 ||
        PyModule_AddObjectRef(module, "JsonRows", (PyObject *)&json_rows_type) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
