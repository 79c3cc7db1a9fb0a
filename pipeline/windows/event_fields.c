/* The fields of a clean event that tasks and panes are made of, without the rest of the event.
 *
 * Most of an event is text that nobody here reads: to make objects of it all takes four times as
 * long. Only an event as a redactor writes it is taken, with its place in the input and its names as
 * they have to be (see json_record.h); all else, right or wrong, is for `pipeline.storage.rows`.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "pipeline/events/json_record.h"

#define INTERFACE 1    /* raised with every change of what comes back */
#define REMEMBERED 1024 /* strings, by a hash of what they say */
#define LONGEST 64     /* of those that are remembered, in bytes */

enum { EVENT, SOURCE, REDACTION }; /* objects */
/* The first fields of those below. What comes from CALL_ID on is put as it is. */
enum { ARGUMENTS, DOCUMENTS, PLACE, REDACTED, BY_US, QUARANTINED, CALL_ID };

/* What is asked of an event; the kinds are those of json_record.h. Words come again and again, so
 * they are remembered. */
static const struct {
    const char *name;
    char kind;
    int is_required;
    size_t object; /* in which it stands; of an OBJECT, which it is */
} WANTED[] = {
    [ARGUMENTS] = {"arguments", JSON, 0, EVENT},
    [DOCUMENTS] = {"documents", JSON, 0, EVENT},
    [PLACE] = {"source", OBJECT, 1, SOURCE},
    [REDACTED] = {"redaction", OBJECT, 1, REDACTION},
    [BY_US] = {"verified", VERIFIED, 1, REDACTION},
    [QUARANTINED] = {"quarantined", LONG, 1, REDACTION},
    [CALL_ID] = {"call_id", TEXT, 0, EVENT},
    {"topic", WORD, 1, SOURCE},
    {"partition", LONG, 1, SOURCE},
    {"offset", LONG, 1, SOURCE},
    {"index", LONG, 1, SOURCE},
    {"session_id", WORD, 1, EVENT},
    {"event_id", TEXT, 1, EVENT},
    {"ts", TEXT, 1, EVENT},
    {"trace_id", WORD, 1, EVENT},
    {"agent_name", WORD, 1, EVENT},
    {"release_version", WORD, 1, EVENT},
    {"workflow", WORD, 0, EVENT},
    {"tenant_id", WORD, 0, EVENT},
    {"environment", WORD, 0, EVENT},
    {"capability_tier", WORD, 0, EVENT},
    {"event_type", WORD, 1, EVENT},
    {"task_id", TEXT, 0, EVENT},
    {"model_requested", WORD, 0, EVENT},
    {"model_version", WORD, 0, EVENT},
    {"prompt_id", WORD, 0, EVENT},
    {"prompt_version", WORD, 0, EVENT},
    {"tokens_in", FLOAT, 0, EVENT},
    {"tokens_out", FLOAT, 0, EVENT},
    {"tokens_cache_read", FLOAT, 0, EVENT},
    {"tool_name", WORD, 0, EVENT},
    {"step_name", WORD, 0, EVENT},
    {"step_type", WORD, 0, EVENT},
    {"outcome", WORD, 0, EVENT},
    {"status", WORD, 0, EVENT},
    {"error_type", WORD, 0, EVENT},
    {"latency_ms", FLOAT, 0, EVENT},
    {"cost_usd", FLOAT, 0, EVENT},
};
#define COUNT (sizeof WANTED / sizeof WANTED[0])

static Fields fields;
static PyObject *names[COUNT], *remembered[REMEMBERED];
static PyObject *loads; /* orjson's */

/* Return a word as an object, mostly the one that it was before. */
static PyObject *
word_of(const Text *text)
{
    PyObject **const place = &remembered[hash_of(text->start, text->size) % REMEMBERED];
    PyObject *word = *place;
    if (word != NULL && (size_t)PyUnicode_GET_LENGTH(word) == text->size &&
        memcmp(PyUnicode_1BYTE_DATA(word), text->start, text->size) == 0) {
        return Py_NewRef(word);
    }
    word = PyUnicode_DecodeUTF8(text->start, (Py_ssize_t)text->size, NULL);
    if (word != NULL && text->size <= LONGEST && PyUnicode_IS_ASCII(word)) {
        Py_XSETREF(*place, Py_NewRef(word));
    }
    return word;
}

/* Return the value of a field; NULL without an error if it is not taken. */
static PyObject *
object_of(const Field *field)
{
    const Text *text = &field->value.text;
    const Number *number = &field->value.number;
    if (field->value.type == 'n') {
        Py_RETURN_NONE;
    }
    switch (field->kind) {
    case WORD:
        return word_of(text);
    case TEXT:
        return text->saved > 0 ? NULL
                               : PyUnicode_DecodeUTF8(text->start, (Py_ssize_t)text->size, NULL);
    default:
        if (number->is_float) {
            return PyFloat_FromDouble(number->value);
        }
        return PyLong_FromLongLong(number->is_negative ? -(long long)number->whole
                                                       : (long long)number->whole);
    }
}

/* Put what was read into the two; -1, maybe without an error, if it is not taken. */
static int
put_fields(PyObject *event, PyObject *source)
{
    for (size_t i = CALL_ID; i < COUNT; i++) {
        const Field *field = &fields.fields[i];
        if (!field->is_seen) {
            continue;
        }
        PyObject *value = object_of(field);
        if (value == NULL) {
            return -1;
        }
        const int put = PyDict_SetItem(field->object == SOURCE ? source : event, names[i], value);
        Py_DECREF(value);
        if (put < 0) {
            return -1;
        }
    }
    return PyDict_SetItem(event, names[PLACE], source);
}

/* Put the documents of an event, which few have. */
static int
put_documents(PyObject *event, const Value *found)
{
    if (found->type == 'n') {
        return PyDict_SetItem(event, names[DOCUMENTS], Py_None);
    }
    if (found->type != '[') {
        return -1;
    }
    PyObject *text = PyBytes_FromStringAndSize(found->text.start, (Py_ssize_t)found->text.size);
    PyObject *value = text == NULL ? NULL : PyObject_CallOneArg(loads, text);
    const int put = value == NULL ? -1 : PyDict_SetItem(event, names[DOCUMENTS], value);
    Py_XDECREF(text);
    Py_XDECREF(value);
    return put;
}

/* Read a record into the two; -1, maybe without an error, if it is not taken. */
static int
read_event(PyObject *record, PyObject *event, PyObject *source)
{
    const char *const start = PyBytes_AS_STRING(record);
    Scanner scanner = {start, start + PyBytes_GET_SIZE(record)};
    if (read_record(&scanner, &fields) < 0 || fields.fields[QUARANTINED].value.number.whole > 0) {
        return -1;
    }
    /* by its arguments is known a call that has no id */
    const Field *call_id = &fields.fields[CALL_ID];
    if (fields.fields[ARGUMENTS].is_seen &&
        (!call_id->is_seen || call_id->value.type == 'n' || call_id->value.text.size == 0)) {
        return -1;
    }
    const Field documents = fields.fields[DOCUMENTS];
    if (put_fields(event, source) < 0) {
        return -1;
    }
    /* last, since this may run other code, which may come here, too */
    return documents.is_seen ? put_documents(event, &documents.value) : 0;
}

static PyObject *
take(PyObject *Py_UNUSED(module), PyObject *record)
{
    if (!PyBytes_CheckExact(record)) {
        Py_RETURN_NONE;
    }
    /* before anything is read: to make a dict may collect garbage, and so run other code */
#if PY_VERSION_HEX < 0x030D0000
    PyObject *event = _PyDict_NewPresized(COUNT - 7);
#else
    PyObject *event = PyDict_New();
#endif
    PyObject *source = PyDict_New();
    if (event == NULL || source == NULL || read_event(record, event, source) < 0) {
        Py_CLEAR(event);
    }
    Py_XDECREF(source);
    if (event == NULL && !PyErr_Occurred()) {
        Py_RETURN_NONE;
    }
    return event;
}

static PyMethodDef methods[] = {
    {"take", take, METH_O, "The fields of an event that are asked for; see event_fields.pyi."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef event_fields_module = {
    PyModuleDef_HEAD_INIT, .m_name = "event_fields", .m_doc = "Fields of clean events.",
    .m_size = -1, .m_methods = methods,
};

static int
make_fields(void)
{
    for (size_t i = 0; i < COUNT; i++) {
        names[i] = PyUnicode_InternFromString(WANTED[i].name);
        if (names[i] == NULL) {
            return -1;
        }
        fields.fields[i] = (Field){
            .kind = WANTED[i].kind,
            .is_required = WANTED[i].is_required,
            .object = WANTED[i].object,
            .name = WANTED[i].name,
            .name_size = strlen(WANTED[i].name),
        };
        add_name(&fields, WANTED[i].kind == OBJECT ? EVENT : WANTED[i].object, i);
    }
    fields.count = COUNT;
    return 0;
}

PyMODINIT_FUNC
PyInit_event_fields(void)
{
    PyObject *orjson = PyImport_ImportModule("orjson");
    loads = orjson == NULL ? NULL : PyObject_GetAttrString(orjson, "loads");
    Py_XDECREF(orjson);
    PyObject *module = loads == NULL ? NULL : PyModule_Create(&event_fields_module);
    if (module != NULL &&
        (make_fields() < 0 || PyModule_AddIntConstant(module, "INTERFACE", INTERFACE) < 0)) {
        Py_CLEAR(module);
    }
    return module;
}
