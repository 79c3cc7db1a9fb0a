/* The fields of a clean event that tasks and panes are made of, without the rest of the event.
 *
 * Most of an event is text that nobody here reads: to make objects of it all takes four times as
 * long. Only an event as a redactor writes it is taken, with its place in the input and its names as
 * they have to be (see json_record.h); all else, right or wrong, is for `pipeline.storage.rows`.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "pipeline/events/json_record.h"

#define INTERFACE 2     /* raised with every change of what comes back */
#define REMEMBERED 1024 /* strings, by a hash of what they say */
#define LONGEST 64      /* of those that are remembered, in bytes */

enum { EVENT, SOURCE, REDACTION }; /* objects */
/* The first fields of those below. Those from ARGUMENTS on make an event. */
enum { PLACE, REDACTED, BY_US, ARGUMENTS, DOCUMENTS, QUARANTINED, CALL_ID };

/* What is asked of an event, in the order of pipeline/tasks/event.py. The kinds are those of
 * json_record.h; words come again and again, so they are remembered. */
static const struct {
    const char *name;
    char kind;
    int is_required;
    size_t object; /* in which it stands; of an OBJECT, which it is */
} WANTED[] = {
    [PLACE] = {"source", OBJECT, 1, SOURCE},
    [REDACTED] = {"redaction", OBJECT, 1, REDACTION},
    [BY_US] = {"verified", VERIFIED, 1, REDACTION},
    [ARGUMENTS] = {"arguments", JSON, 0, EVENT},
    [DOCUMENTS] = {"documents", JSON, 0, EVENT},
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
    {"event_type", WORD, 1, EVENT},
    {"workflow", WORD, 0, EVENT},
    {"tenant_id", WORD, 0, EVENT},
    {"environment", WORD, 0, EVENT},
    {"capability_tier", WORD, 0, EVENT},
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
static PyObject *remembered[REMEMBERED];
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

/* Return the value of a field; NULL, maybe without an error, if it is not taken. */
static PyObject *
object_of(const Field *field)
{
    const Text *text = &field->value.text;
    const Number *number = &field->value.number;
    if (!field->is_seen || field->value.type == 'n' || field->kind == JSON) {
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

/* Put the documents of an event, which few have. */
static int
put_documents(PyObject *event, const Value *found)
{
    if (found->type != '[') {
        return -1;
    }
    PyObject *text = PyBytes_FromStringAndSize(found->text.start, (Py_ssize_t)found->text.size);
    PyObject *value = text == NULL ? NULL : PyObject_CallOneArg(loads, text);
    Py_XDECREF(text);
    if (value == NULL) {
        return -1;
    }
    Py_SETREF(PyTuple_GET_ITEM(event, DOCUMENTS - ARGUMENTS), value);
    return 0;
}

/* Read a record into an event, which is empty; -1, maybe without an error, if it is not taken. */
static int
read_event(PyObject *record, PyObject *event)
{
    const char *const start = PyBytes_AS_STRING(record);
    Scanner scanner = {start, start + PyBytes_GET_SIZE(record)};
    if (read_record(&scanner, &fields) < 0) {
        return -1;
    }
    /* by its arguments is known a call that has no id */
    const Field *call_id = &fields.fields[CALL_ID];
    if (fields.fields[ARGUMENTS].is_seen &&
        (!call_id->is_seen || call_id->value.type == 'n' || call_id->value.text.size == 0)) {
        return -1;
    }
    for (size_t i = ARGUMENTS; i < COUNT; i++) {
        PyObject *value = object_of(&fields.fields[i]);
        if (value == NULL) {
            return -1;
        }
        PyTuple_SET_ITEM(event, (Py_ssize_t)(i - ARGUMENTS), value);
    }
    /* last, since this may run other code, which may come here, too */
    const Field documents = fields.fields[DOCUMENTS];
    const int has_documents = documents.is_seen && documents.value.type != 'n';
    return has_documents ? put_documents(event, &documents.value) : 0;
}

static PyObject *
take(PyObject *Py_UNUSED(module), PyObject *record)
{
    if (!PyBytes_CheckExact(record)) {
        Py_RETURN_NONE;
    }
    /* before anything is read: to make a tuple may collect garbage, and so run other code */
    PyObject *event = PyTuple_New(COUNT - ARGUMENTS);
    if (event != NULL && read_event(record, event) < 0) {
        Py_CLEAR(event);
    }
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

static void
make_fields(void)
{
    for (size_t i = 0; i < COUNT; i++) {
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
}

PyMODINIT_FUNC
PyInit_event_fields(void)
{
    PyObject *orjson = PyImport_ImportModule("orjson");
    loads = orjson == NULL ? NULL : PyObject_GetAttrString(orjson, "loads");
    Py_XDECREF(orjson);
    PyObject *module = loads == NULL ? NULL : PyModule_Create(&event_fields_module);
    if (module != NULL && PyModule_AddIntConstant(module, "INTERFACE", INTERFACE) < 0) {
        Py_CLEAR(module);
    }
    if (module != NULL) {
        make_fields();
    }
    return module;
}
