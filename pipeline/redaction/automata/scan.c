/* The loop behind `Scanner`: some automata, in step, over the UTF-8 of one text.
 *
 * A step depends on the one before it and waits for the cache; those of different automata do not
 * depend on one another, so the processor overlaps them. That is why some automata read the same
 * byte before any of them reads the next: as many as have room for their states in registers.
 *
 * A rule names patterns that must all match and the outcome that the text then has.
 *
 * Everything a table can lead to is checked when it is handed over: each cell is the number of a
 * state that exists, each class a column that exists. After that no text can lead out of a table.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SYMBOLS 257
#define END 256
#define INTERFACE 2 /* raised with every change of what is handed over or comes back */
#define MAX_TABLES 64
#define MAX_WIDTH 16
#define MIN_SHIFT 6
#define AT_ONCE 6
#define OUTCOME_WORDS 2 /* of 64 outcomes each */

typedef struct {
    uint16_t class_of[SYMBOLS];
    int shift; /* MIN_SHIFT at least, so that nearly all tables have one of two widths */
    uint32_t first_accepting;
    const uint16_t *next_state;
    const uint64_t *accepted; /* `width` words for each accepting state */
} Table;

/* Outcomes, as bits of little-endian bytes. */
typedef struct {
    uint64_t words[OUTCOME_WORDS];
} Outcomes;

/* An outcome that the text has when all `needed` patterns match it. */
typedef struct {
    uint64_t needed[MAX_WIDTH];
    Outcomes outcome;
} Rule;

typedef struct {
    PyObject_HEAD
    Py_ssize_t width; /* words of 64 patterns each */
    Py_ssize_t count;
    Table *tables; /* the narrow ones first */
    Py_ssize_t rule_count;
    Rule *rules; /* those that need more than one pattern, or none */
    Outcomes *of_pattern; /* by pattern, what follows from it alone */
} Automata;

static void
automata_dealloc(Automata *self)
{
    for (Py_ssize_t t = 0; self->tables != NULL && t < self->count; t++) {
        PyMem_Free((void *)self->tables[t].next_state);
        PyMem_Free((void *)self->tables[t].accepted);
    }
    PyMem_Free(self->tables);
    PyMem_Free(self->rules);
    PyMem_Free(self->of_pattern);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static void *
copied(const char *bytes, Py_ssize_t size)
{
    void *copy = PyMem_Malloc(size > 0 ? size : 1);
    if (copy == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    memcpy(copy, bytes, size);
    return copy;
}

/* Return a copy of `states` rows of cells, each as wide as `wider` says; what is added leads to the
 * first state, and no class leads there. */
static void *
widened(const char *cells, Py_ssize_t states, int shift, int wider)
{
    char *copy = PyMem_Calloc(states, (size_t)2 << wider);
    if (copy == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    for (Py_ssize_t state = 0; state < states; state++) {
        memcpy(copy + ((2 * state) << wider), cells + ((2 * state) << shift), (size_t)2 << shift);
    }
    return copy;
}

/* Take one table over; returns 0, or -1 with an exception where it could lead out of itself. */
static int
take(Table *table, PyObject *tuple, Py_ssize_t width)
{
    const char *classes, *cells, *accepted;
    Py_ssize_t class_count, cell_size, accepted_size;
    int shift;
    unsigned int first_accepting;
    if (!PyArg_ParseTuple(tuple, "y#iy#Iy#", &classes, &class_count, &shift, &cells, &cell_size,
                          &first_accepting, &accepted, &accepted_size)) {
        return -1;
    }
    if (class_count != SYMBOLS || shift < 0 || shift > 9 || cell_size % 2 != 0) {
        PyErr_SetString(PyExc_ValueError, "a table has the wrong shape");
        return -1;
    }
    Py_ssize_t states = (cell_size / 2) >> shift;
    Py_ssize_t accepting = states - (Py_ssize_t)first_accepting;
    if (states < 1 || states > 65536 || accepting < 0 || cell_size / 2 != states << shift ||
        accepted_size != accepting * width * 8) {
        PyErr_SetString(PyExc_ValueError, "a table has the wrong size");
        return -1;
    }
    for (int symbol = 0; symbol < SYMBOLS; symbol++) {
        table->class_of[symbol] = (unsigned char)classes[symbol];
        if (table->class_of[symbol] >= 1 << shift) {
            PyErr_SetString(PyExc_ValueError, "a class has no column");
            return -1;
        }
    }
    table->shift = shift < MIN_SHIFT ? MIN_SHIFT : shift;
    table->first_accepting = first_accepting;
    table->next_state = widened(cells, states, shift, table->shift);
    table->accepted = copied(accepted, accepted_size);
    if (table->next_state == NULL || table->accepted == NULL) {
        return -1;
    }
    for (Py_ssize_t cell = 0; cell < states << table->shift; cell++) {
        if (table->next_state[cell] >= states) {
            PyErr_SetString(PyExc_ValueError, "a cell leads to no state");
            return -1;
        }
    }
    return 0;
}

static int
by_shift(const void *one, const void *other)
{
    return ((const Table *)one)->shift - ((const Table *)other)->shift;
}

static inline void
add_outcomes(Outcomes *to, const Outcomes *more)
{
    for (int word = 0; word < OUTCOME_WORDS; word++) {
        to->words[word] |= more->words[word];
    }
}

static int
take_tables(Automata *self, PyObject *list)
{
    const Py_ssize_t count = PySequence_Fast_GET_SIZE(list);
    if (count > MAX_TABLES) {
        PyErr_SetString(PyExc_ValueError, "too many tables");
        return -1;
    }
    self->tables = PyMem_Calloc(count > 0 ? count : 1, sizeof(Table));
    if (self->tables == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    self->count = count;
    for (Py_ssize_t t = 0; t < count; t++) {
        if (take(&self->tables[t], PySequence_Fast_GET_ITEM(list, t), self->width) < 0) {
            return -1;
        }
    }
    qsort(self->tables, count, sizeof(Table), by_shift);
    return 0;
}

/* Take over what follows from `needed`; a pattern that needs no other one is asked for its own. */
static void
add_rule(Automata *self, const uint64_t *needed, unsigned int number)
{
    Outcomes outcome = {0};
    ((unsigned char *)outcome.words)[number / 8] = 1 << number % 8;
    int patterns = 0;
    Py_ssize_t pattern = 0;
    for (Py_ssize_t word = 0; word < self->width; word++) {
        if (needed[word] != 0) {
            patterns += __builtin_popcountll(needed[word]);
            pattern = 64 * word + __builtin_ctzll(needed[word]);
        }
    }
    if (patterns == 1) {
        add_outcomes(&self->of_pattern[pattern], &outcome);
        return;
    }
    Rule *rule = &self->rules[self->rule_count++];
    memcpy(rule->needed, needed, self->width * 8);
    rule->outcome = outcome;
}

static int
take_rules(Automata *self, PyObject *list)
{
    const Py_ssize_t count = PySequence_Fast_GET_SIZE(list);
    self->rules = PyMem_Calloc(count > 0 ? count : 1, sizeof(Rule));
    self->of_pattern = PyMem_Calloc(self->width * 64, sizeof(Outcomes));
    if (self->rules == NULL || self->of_pattern == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t r = 0; r < count; r++) {
        const char *needed;
        Py_ssize_t size;
        unsigned int outcome;
        if (!PyArg_ParseTuple(PySequence_Fast_GET_ITEM(list, r), "y#I", &needed, &size,
                              &outcome)) {
            return -1;
        }
        if (size != self->width * 8 || outcome >= 64 * OUTCOME_WORDS) {
            PyErr_SetString(PyExc_ValueError, "a rule has the wrong size, or over 128 outcomes");
            return -1;
        }
        uint64_t words[MAX_WIDTH] = {0};
        memcpy(words, needed, size);
        add_rule(self, words, outcome);
    }
    return 0;
}

static int
automata_init(Automata *self, PyObject *args, PyObject *kwargs)
{
    PyObject *tables, *rules;
    Py_ssize_t width;
    static char *names[] = {"tables", "width", "rules", NULL};
    if (self->tables != NULL) {
        PyErr_SetString(PyExc_TypeError, "tables are handed over once");
        return -1;
    }
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OnO", names, &tables, &width, &rules)) {
        return -1;
    }
    if (width < 1 || width > MAX_WIDTH) {
        PyErr_SetString(PyExc_ValueError, "too many patterns");
        return -1;
    }
    self->width = width;
    tables = PySequence_Fast(tables, "tables is a sequence");
    rules = tables == NULL ? NULL : PySequence_Fast(rules, "rules is a sequence");
    int done = rules == NULL ? -1 : take_tables(self, tables);
    done = done < 0 ? done : take_rules(self, rules);
    Py_XDECREF(tables);
    Py_XDECREF(rules);
    return done;
}

/* What was read of a text, and what was found in it. */
typedef struct {
    const unsigned char *bytes;
    Py_ssize_t size;
    Py_ssize_t width;
    uint64_t found[MAX_WIDTH];
} Reading;

static void
accept(const Table *table, uint32_t state, Reading *reading)
{
    const uint64_t *words = table->accepted + (state - table->first_accepting) * reading->width;
    for (Py_ssize_t word = 0; word < reading->width; word++) {
        reading->found[word] |= words[word];
    }
}

static inline __attribute__((always_inline)) uint32_t
step(const Table *table, uint32_t state, int symbol, int shift, Reading *reading)
{
    const uint32_t next = table->next_state[(state << shift) | table->class_of[symbol]];
    if (next >= table->first_accepting) {
        accept(table, next, reading);
    }
    return next;
}

/* Run `count` tables of one width side by side. The compiler knows both numbers, so that the states
 * stay in registers. */
static inline __attribute__((always_inline)) void
run_some(const Table *tables, int count, int shift, Reading *reading)
{
    uint32_t states[AT_ONCE] = {0};
    for (Py_ssize_t at = 0; at < reading->size; at++) {
        const int symbol = reading->bytes[at];
#pragma GCC unroll 6
        for (int t = 0; t < count; t++) {
            states[t] = step(&tables[t], states[t], symbol, shift, reading);
        }
    }
#pragma GCC unroll 6
    for (int t = 0; t < count; t++) {
        step(&tables[t], states[t], END, shift, reading);
    }
}

/* Run all tables, as many at once as have the same width. */
static void
run_all(const Automata *self, Reading *reading)
{
    for (Py_ssize_t t = 0; t < self->count;) {
        const Table *tables = &self->tables[t];
        const Py_ssize_t left = self->count - t;
        const int shift = tables[0].shift;
        if (left >= AT_ONCE && shift == tables[AT_ONCE - 1].shift && shift == MIN_SHIFT) {
            run_some(tables, AT_ONCE, MIN_SHIFT, reading);
            t += AT_ONCE;
        }
        else if (left >= AT_ONCE && shift == tables[AT_ONCE - 1].shift && shift == MIN_SHIFT + 1) {
            run_some(tables, AT_ONCE, MIN_SHIFT + 1, reading);
            t += AT_ONCE;
        }
        else if (left >= 2 && shift == tables[1].shift) {
            run_some(tables, 2, shift, reading);
            t += 2;
        }
        else {
            run_some(tables, 1, shift, reading);
            t += 1;
        }
    }
}

/* Run all tables over `text`; returns 0, or -1 with an exception where it is no text. */
static int
run(const Automata *self, PyObject *text, Reading *reading)
{
    if (!PyUnicode_Check(text)) {
        PyErr_SetString(PyExc_TypeError, "the text is a str");
        return -1;
    }
    reading->bytes = (const unsigned char *)PyUnicode_AsUTF8AndSize(text, &reading->size);
    if (reading->bytes == NULL) {
        return -1;
    }
    reading->width = self->width;
    run_all(self, reading);
    return 0;
}

static PyObject *
automata_matching(Automata *self, PyObject *text)
{
    Reading reading = {0};
    if (run(self, text, &reading) < 0) {
        return NULL;
    }
    return PyBytes_FromStringAndSize((const char *)reading.found, self->width * 8);
}

static PyObject *
automata_outcomes(Automata *self, PyObject *text)
{
    Reading reading = {0};
    if (run(self, text, &reading) < 0) {
        return NULL;
    }
    Outcomes outcomes = {0};
    for (Py_ssize_t word = 0; word < self->width; word++) {
        for (uint64_t rest = reading.found[word]; rest != 0; rest &= rest - 1) {
            add_outcomes(&outcomes, &self->of_pattern[64 * word + __builtin_ctzll(rest)]);
        }
    }
    for (Py_ssize_t r = 0; r < self->rule_count; r++) {
        const Rule *rule = &self->rules[r];
        uint64_t missing = 0;
        for (Py_ssize_t word = 0; word < self->width; word++) {
            missing |= rule->needed[word] & ~reading.found[word];
        }
        if (missing == 0) {
            add_outcomes(&outcomes, &rule->outcome);
        }
    }
    return PyBytes_FromStringAndSize((const char *)outcomes.words, sizeof outcomes);
}

static PyMethodDef automata_methods[] = {
    {"matching", (PyCFunction)automata_matching, METH_O,
     "The patterns that match anywhere in a text, as bits."},
    {"outcomes", (PyCFunction)automata_outcomes, METH_O,
     "The outcomes whose patterns all match somewhere in a text, as bits."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject AutomataType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "pipeline.redaction.automata.scan.Automata",
    .tp_basicsize = sizeof(Automata),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "Tables, checked once, and the loop that runs them.",
    .tp_new = PyType_GenericNew,
    .tp_init = (initproc)automata_init,
    .tp_dealloc = (destructor)automata_dealloc,
    .tp_methods = automata_methods,
};

static struct PyModuleDef scan_module = {
    PyModuleDef_HEAD_INIT, .m_name = "scan", .m_doc = "Automata over texts.", .m_size = -1,
};

PyMODINIT_FUNC
PyInit_scan(void)
{
    if (PyType_Ready(&AutomataType) < 0) {
        return NULL;
    }
    PyObject *module = PyModule_Create(&scan_module);
    if (module == NULL ||
        PyModule_AddIntConstant(module, "INTERFACE", INTERFACE) < 0 ||
        PyModule_AddObjectRef(module, "Automata", (PyObject *)&AutomataType) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
