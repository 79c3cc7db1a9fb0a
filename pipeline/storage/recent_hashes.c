/* Hashes of ids in the order of their coming, as three tables: one that fills, and two that are full.
 *
 * A set of Python takes 75 bytes for each, and a sorted array 17 steps of the interpreter for each
 * question. Here a hash takes 10 to 20 bytes, and mostly one look.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

#define INTERFACE 1 /* raised with every change of what is handed over or comes back */
#define FIRST_SLOTS 64
#define TABLES 3

/* Hashes by themselves: they are spread evenly, under a key of the process. 0 is a free slot. */
typedef struct {
    uint64_t *slots;
    size_t slot_count, count;
} Table;

typedef struct {
    PyObject_HEAD
    Py_ssize_t limit;     /* of a table */
    Table tables[TABLES]; /* the one that fills, then the full ones, the latest first */
} RecentHashes;

/* Return where `hash` is, or the free slot where it belongs. */
static uint64_t *
slot_of(const Table *table, uint64_t hash)
{
    size_t slot = hash & (table->slot_count - 1);
    while (table->slots[slot] != 0 && table->slots[slot] != hash) {
        slot = (slot + 1) & (table->slot_count - 1);
    }
    return &table->slots[slot];
}

static int
holds(const Table *table, uint64_t hash)
{
    return table->count > 0 && *slot_of(table, hash) == hash;
}

/* Give a table twice the slots. */
static int
grow(Table *table)
{
    const size_t slot_count = table->slot_count == 0 ? FIRST_SLOTS : 2 * table->slot_count;
    Table larger = {PyMem_Calloc(slot_count, sizeof(uint64_t)), slot_count, table->count};
    if (larger.slots == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; i < table->slot_count; i++) {
        if (table->slots[i] != 0) {
            *slot_of(&larger, table->slots[i]) = table->slots[i];
        }
    }
    PyMem_Free(table->slots);
    *table = larger;
    return 0;
}

static PyObject *
recent_hashes_add(RecentHashes *recent, PyObject *id)
{
    if (!PyUnicode_Check(id)) {
        PyErr_SetString(PyExc_TypeError, "an id is text");
        return NULL;
    }
    const Py_hash_t found = PyObject_Hash(id);
    if (found == -1) {
        return NULL;
    }
    const uint64_t hash = found == 0 ? 1 : (uint64_t)found;
    Table *young = &recent->tables[0];
    if (holds(young, hash)) {
        Py_RETURN_FALSE;
    }
    int is_new = 1;
    for (int i = 1; i < TABLES; i++) {
        is_new = is_new && !holds(&recent->tables[i], hash);
    }
    if (5 * (young->count + 1) > 4 * young->slot_count && grow(young) < 0) {
        return NULL;
    }
    *slot_of(young, hash) = hash;
    young->count++;
    if (young->count >= (size_t)recent->limit) {
        PyMem_Free(recent->tables[TABLES - 1].slots);
        memmove(&recent->tables[1], &recent->tables[0], (TABLES - 1) * sizeof(Table));
        recent->tables[0] = (Table){0};
    }
    return PyBool_FromLong(is_new);
}

static Py_ssize_t
recent_hashes_length(RecentHashes *recent)
{
    size_t count = 0;
    for (int i = 0; i < TABLES; i++) {
        count += recent->tables[i].count;
    }
    return (Py_ssize_t)count;
}

static PyObject *
recent_hashes_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(named))
{
    Py_ssize_t limit;
    if (!PyArg_ParseTuple(args, "n", &limit)) {
        return NULL;
    }
    if (limit < 1) {
        PyErr_SetString(PyExc_ValueError, "a table holds at least one");
        return NULL;
    }
    RecentHashes *recent = (RecentHashes *)type->tp_alloc(type, 0);
    if (recent != NULL) {
        recent->limit = limit;
    }
    return (PyObject *)recent;
}

static void
recent_hashes_dealloc(RecentHashes *recent)
{
    for (int i = 0; i < TABLES; i++) {
        PyMem_Free(recent->tables[i].slots);
    }
    Py_TYPE(recent)->tp_free((PyObject *)recent);
}

static PyMethodDef recent_hashes_type_methods[] = {
    {"add", (PyCFunction)recent_hashes_add, METH_O,
     "Remember the hash of an id; tell whether it was new."},
    {NULL, NULL, 0, NULL},
};

static PySequenceMethods recent_hashes_sequence = {.sq_length = (lenfunc)recent_hashes_length};

static PyTypeObject recent_hashes_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "recent_hashes.RecentHashes",
    .tp_doc = "Hashes of the latest ids.",
    .tp_basicsize = sizeof(RecentHashes),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = recent_hashes_new,
    .tp_dealloc = (destructor)recent_hashes_dealloc,
    .tp_methods = recent_hashes_type_methods,
    .tp_as_sequence = &recent_hashes_sequence,
};

static struct PyModuleDef recent_hashes_module = {
    PyModuleDef_HEAD_INIT, .m_name = "recent_hashes", .m_doc = "Hashes of the latest ids.",
    .m_size = -1,
};

PyMODINIT_FUNC
PyInit_recent_hashes(void)
{
    if (PyType_Ready(&recent_hashes_type) < 0) {
        return NULL;
    }
    PyObject *module = PyModule_Create(&recent_hashes_module);
    if (module == NULL || PyModule_AddIntConstant(module, "INTERFACE", INTERFACE) < 0 ||
        PyModule_AddObjectRef(module, "RecentHashes", (PyObject *)&recent_hashes_type) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
