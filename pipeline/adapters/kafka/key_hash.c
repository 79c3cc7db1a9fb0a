/* Which partition a key belongs to, as Kafka's own clients have it: murmur2 of the key.
 *
 * aiokafka computes it in Python, 7 us for the id of a session.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

#define INTERFACE 1 /* raised with every change of what is handed over or comes back */
#define SEED 0x9747b28cu
#define MULTIPLIER 0x5bd1e995u

/* As `org.apache.kafka.common.utils.Utils.murmur2`; a key is at most as long as an int says. */
static uint32_t
murmur2(const unsigned char *bytes, Py_ssize_t length)
{
    uint32_t hash = SEED ^ (uint32_t)length;
    for (; length >= 4; length -= 4, bytes += 4) {
        uint32_t four = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                        (uint32_t)bytes[3] << 24;
        four *= MULTIPLIER;
        four ^= four >> 24;
        four *= MULTIPLIER;
        hash = hash * MULTIPLIER ^ four;
    }
    if (length > 0) {
        uint32_t rest = bytes[0];
        rest |= length > 1 ? (uint32_t)bytes[1] << 8 : 0;
        rest |= length > 2 ? (uint32_t)bytes[2] << 16 : 0;
        hash = (hash ^ rest) * MULTIPLIER;
    }
    hash ^= hash >> 13;
    hash *= MULTIPLIER;
    return hash ^ hash >> 15;
}

static PyObject *
partition_for_key(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyBytes_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "a key in bytes and a number of partitions");
        return NULL;
    }
    const long partitions = PyLong_AsLong(args[1]);
    if (partitions == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (partitions < 1) {
        PyErr_SetString(PyExc_ValueError, "a topic has a partition at least");
        return NULL;
    }
    const uint32_t hash = murmur2((const unsigned char *)PyBytes_AS_STRING(args[0]),
                                  PyBytes_GET_SIZE(args[0]));
    return PyLong_FromLong((long)(hash & 0x7fffffffu) % partitions);
}

static PyMethodDef key_hash_methods[] = {
    {"partition_for_key", (PyCFunction)(void (*)(void))partition_for_key, METH_FASTCALL,
     "Return the partition of a key."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef key_hash_module = {
    PyModuleDef_HEAD_INIT, .m_name = "key_hash", .m_doc = "Partitions by the keys of messages.",
    .m_size = -1,            .m_methods = key_hash_methods,
};

PyMODINIT_FUNC
PyInit_key_hash(void)
{
    PyObject *module = PyModule_Create(&key_hash_module);
    if (module == NULL || PyModule_AddIntConstant(module, "INTERFACE", INTERFACE) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
