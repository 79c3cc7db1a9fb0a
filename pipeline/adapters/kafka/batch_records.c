/* The records of a batch of Kafka, once it is unpacked, as objects with what anybody here looks at.
 *
 * aiokafka makes an object of each record, with a list of its headers, of which another one was made
 * with half of its fields: together half of what fetching takes beside unpacking. What is damaged is
 * refused as it does; headers are passed unread.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <stdint.h>
#include <structmember.h>

#define INTERFACE 1 /* raised with every change of what is handed over or comes back */

/* Numbers become objects when they are asked for. None of the objects can lead back to the record:
 * the garbage collector need not know it. */
typedef struct {
    PyObject_HEAD
    PyObject *topic, *key, *value; /* NULL: None */
    long long offset, timestamp;
    int partition;
} Fetched;

static PyTypeObject fetched_type;

static PyObject *
fetched_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(named))
{
    PyObject *topic, *key, *value;
    int partition;
    long long offset, timestamp;
    if (!PyArg_ParseTuple(args, "UiLLOO", &topic, &partition, &offset, &timestamp, &key, &value)) {
        return NULL;
    }
    if ((key != Py_None && !PyBytes_Check(key)) || (value != Py_None && !PyBytes_Check(value))) {
        PyErr_SetString(PyExc_TypeError, "keys and values are bytes, or None");
        return NULL;
    }
    Fetched *record = (Fetched *)type->tp_alloc(type, 0);
    if (record != NULL) {
        record->topic = Py_NewRef(topic);
        record->key = Py_NewRef(key);
        record->value = Py_NewRef(value);
        record->offset = offset;
        record->timestamp = timestamp;
        record->partition = partition;
    }
    return (PyObject *)record;
}

static void
fetched_dealloc(Fetched *record)
{
    Py_XDECREF(record->topic);
    Py_XDECREF(record->key);
    Py_XDECREF(record->value);
    Py_TYPE(record)->tp_free((PyObject *)record);
}

static PyMemberDef fetched_members[] = {
    {"topic", T_OBJECT, offsetof(Fetched, topic), READONLY, NULL},
    {"partition", T_INT, offsetof(Fetched, partition), READONLY, NULL},
    {"offset", T_LONGLONG, offsetof(Fetched, offset), READONLY, NULL},
    {"timestamp", T_LONGLONG, offsetof(Fetched, timestamp), READONLY, "Milliseconds."},
    {"key", T_OBJECT, offsetof(Fetched, key), READONLY, NULL},
    {"value", T_OBJECT, offsetof(Fetched, value), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyTypeObject fetched_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "batch_records.Fetched",
    .tp_doc = "A record of a topic, as far as anybody here looks at it.",
    .tp_basicsize = sizeof(Fetched),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = fetched_new,
    .tp_dealloc = (destructor)fetched_dealloc,
    .tp_members = fetched_members,
};

/* What is left of a batch. */
typedef struct {
    const unsigned char *at, *end;
} Reader;

/* Read a number as Kafka writes it: seven bits a byte, the lowest first, the sign in the lowest. */
static inline int
read_number(Reader *reader, int64_t *number)
{
    uint64_t found = 0;
    for (int shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
        const unsigned char byte = *reader->at++;
        found |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *number = (int64_t)(found >> 1) ^ -(int64_t)(found & 1);
            return 0;
        }
    }
    return -1;
}

/* Pass bytes behind their length; NULL if that is negative, which stands for None. */
static inline int
pass_bytes(Reader *reader, const unsigned char **start, int64_t *size)
{
    if (read_number(reader, size) < 0 || *size > reader->end - reader->at) {
        return -1;
    }
    *start = *size < 0 ? NULL : reader->at;
    reader->at += *size < 0 ? 0 : *size;
    return 0;
}

static inline int
pass_headers(Reader *reader)
{
    const unsigned char *start;
    int64_t count, size;
    if (read_number(reader, &count) < 0 || count < 0) {
        return -1;
    }
    for (; count > 0; count--) {
        if (pass_bytes(reader, &start, &size) < 0 || start == NULL ||
            pass_bytes(reader, &start, &size) < 0) {
            return -1;
        }
    }
    return 0;
}

static inline PyObject *
bytes_or_none(const unsigned char *start, int64_t size)
{
    return start == NULL ? Py_NewRef(Py_None)
                         : PyBytes_FromStringAndSize((const char *)start, (Py_ssize_t)size);
}

/* What all records of a batch have in common. */
typedef struct {
    PyObject *topic;
    int partition;
    long long offset, timestamp, begin;
    int is_append_time; /* the time is the broker's, and that of all of them */
} Batch;

/* Read the next record to the end of `records`, unless it stands before what was asked for. */
static int
read_record(Reader *reader, const Batch *batch, PyObject *records)
{
    int64_t size, attributes, delay, place, key_size, value_size;
    const unsigned char *key, *value;
    if (read_number(reader, &size) < 0 || size < 0 || size > reader->end - reader->at) {
        return -1;
    }
    const unsigned char *const end = reader->at + size;
    if (read_number(reader, &attributes) < 0 || read_number(reader, &delay) < 0 ||
        read_number(reader, &place) < 0 || pass_bytes(reader, &key, &key_size) < 0 ||
        pass_bytes(reader, &value, &value_size) < 0 || pass_headers(reader) < 0 ||
        reader->at != end) {
        return -1;
    }
    const long long offset = (long long)((uint64_t)batch->offset + (uint64_t)place);
    if (offset < batch->begin) {
        return 0;
    }
    Fetched *record = (Fetched *)fetched_type.tp_alloc(&fetched_type, 0);
    if (record == NULL) {
        return -1;
    }
    record->topic = Py_NewRef(batch->topic);
    record->partition = batch->partition;
    record->offset = offset;
    record->timestamp = batch->is_append_time
                            ? batch->timestamp
                            : (long long)((uint64_t)batch->timestamp + (uint64_t)delay);
    record->key = bytes_or_none(key, key_size);
    record->value = bytes_or_none(value, value_size);
    const int failed =
        record->key == NULL || record->value == NULL || PyList_Append(records, (PyObject *)record) < 0;
    Py_DECREF(record);
    return failed ? -1 : 0;
}

static PyObject *
read_records(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer plain;
    int count;
    Batch batch;
    if (!PyArg_ParseTuple(args, "y*iUiLLpL", &plain, &count, &batch.topic, &batch.partition,
                          &batch.offset, &batch.timestamp, &batch.is_append_time, &batch.begin)) {
        return NULL;
    }
    Reader reader = {plain.buf, (const unsigned char *)plain.buf + plain.len};
    PyObject *records = PyList_New(0);
    for (; records != NULL && count > 0; count--) {
        if (read_record(&reader, &batch, records) < 0) {
            Py_CLEAR(records);
        }
    }
    if (records != NULL && reader.at != reader.end) {
        Py_CLEAR(records);
    }
    PyBuffer_Release(&plain);
    if (records == NULL && !PyErr_Occurred()) {
        PyErr_SetString(PyExc_ValueError, "a batch is not what it says");
    }
    return records;
}

static PyMethodDef batch_records_methods[] = {
    {"read_records", read_records, METH_VARARGS, "The records of a batch; see batch_records.pyi."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef batch_records_module = {
    PyModuleDef_HEAD_INIT, .m_name = "batch_records", .m_doc = "Records of Kafka's batches.",
    .m_size = -1,            .m_methods = batch_records_methods,
};

PyMODINIT_FUNC
PyInit_batch_records(void)
{
    if (PyType_Ready(&fetched_type) < 0) {
        return NULL;
    }
    PyObject *module = PyModule_Create(&batch_records_module);
    if (module == NULL || PyModule_AddIntConstant(module, "INTERFACE", INTERFACE) < 0 ||
        PyModule_AddObjectRef(module, "Fetched", (PyObject *)&fetched_type) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
