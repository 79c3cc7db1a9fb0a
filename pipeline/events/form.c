/* The form of an event: what its schema asks of its fields, as far as that is plain, and the way to
 * the stored form, as far as that is short. One pass over the event's members does both.
 *
 * Validator and `normalize` say what is right; this is quicker for what nearly all events are. It
 * changes nothing where it cannot prove that both would agree, and then they decide. A property
 * test holds the two to the same.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

/* As in forms.py. */
enum {
    NULL_VALUE = 1,
    BOOLEAN = 2,
    INTEGER = 4,
    FLOAT = 8,
    TEXT = 16,
    LIST = 32,
    OBJECT = 64,
    TIME = 128,
    CURRENCY = 256,
};

#define MOST_NULLS 32
#define SEEN_BITS 8

typedef struct Form Form;

typedef struct {
    int kinds;
    int required;
    Py_ssize_t shortest, longest; /* characters of a text */
    Py_ssize_t most;              /* items of a list */
    long long low, high;          /* of a number */
    PyObject *choices;            /* the texts there may be, or NULL */
    Form *items;                  /* what a list's items are, or NULL: anything */
} Field;

/* A field's name as the object that stood in an event, and the field. */
typedef struct {
    PyObject *name;
    const Field *field;
} Seen;

struct Form {
    PyObject_HEAD
    PyObject *places; /* name: index in `fields` */
    Field *fields;
    Seen seen[1 << SEEN_BITS];
    Py_ssize_t count;
    Py_ssize_t required;
    int timed; /* whether a field is a time */
};

static PyTypeObject form_type;
static PyObject *parent_span_id;

/* ---- times ----------------------------------------------------------------------------------- */

#define SECONDS_END 19 /* of 2026-01-31T12:00:00 */
#define MICROSECONDS_END 26

/* Read `count` digits; -1 where there are others. */
static int
number_at(const Py_UCS1 *text, int count)
{
    int number = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

static int
is_between(int number, int low, int high)
{
    return number >= low && number <= high;
}

static int
days_of(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* Return where the digits of a time in UTC end; 0 where `value` is no such time. */
static Py_ssize_t
time_end(PyObject *value)
{
    if (!PyUnicode_CheckExact(value)) {
        return 0;
    }
    const Py_ssize_t length = PyUnicode_GET_LENGTH(value);
    if (!PyUnicode_IS_ASCII(value) || length <= SECONDS_END) {
        return 0;
    }
    const Py_UCS1 *text = PyUnicode_1BYTE_DATA(value);
    const int year = number_at(text, 4), month = number_at(text + 5, 2);
    if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':'
        || year < 1 || !is_between(month, 1, 12)
        || !is_between(number_at(text + 8, 2), 1, days_of(year, month))
        || !is_between(number_at(text + 11, 2), 0, 23) || !is_between(number_at(text + 14, 2), 0, 59)
        || !is_between(number_at(text + 17, 2), 0, 59)) {
        return 0;
    }
    Py_ssize_t end = SECONDS_END;
    if (text[end] == '.') {
        for (end++; end < length && text[end] >= '0' && text[end] <= '9'; end++) {
        }
        if (end < SECONDS_END + 2 || end > SECONDS_END + 10) {
            return 0;
        }
    }
    const int utc = (length - end == 1 && text[end] == 'Z')
                    || (length - end == 6 && memcmp(text + end, "+00:00", 6) == 0);
    return utc ? end : 0;
}

/* Return a time, whose digits end at `end`, as it is stored; NULL where there is no memory. */
static PyObject *
stored_time(PyObject *value, Py_ssize_t end)
{
    PyObject *stored = PyUnicode_New(MICROSECONDS_END + 1, 127);
    if (stored == NULL) {
        return NULL;
    }
    Py_UCS1 *out = PyUnicode_1BYTE_DATA(stored);
    end = end > MICROSECONDS_END ? MICROSECONDS_END : end;
    memcpy(out, PyUnicode_1BYTE_DATA(value), end);
    memset(out + end, '0', MICROSECONDS_END - end);
    out[SECONDS_END] = '.';
    out[MICROSECONDS_END] = 'Z';
    return stored;
}

/* Put a time into its stored form where it stands, under `name`. Returns 0, or -1 with an error. */
static int
store_time(PyObject *members, PyObject *name, PyObject *value)
{
    PyObject *stored = stored_time(value, time_end(value));
    /* its place is there already: nothing moves, and the name stays */
    const int done = stored == NULL ? -1 : PyDict_SetItem(members, name, stored);
    Py_XDECREF(stored);
    return done;
}

/* ---- values ---------------------------------------------------------------------------------- */

static int all_fit(Form *form, PyObject *list);

static int
is_currency(PyObject *text)
{
    if (PyUnicode_GET_LENGTH(text) != 3 || !PyUnicode_IS_ASCII(text)) {
        return 0;
    }
    const Py_UCS1 *code = PyUnicode_1BYTE_DATA(text);
    return is_between(code[0], 'A', 'Z') && is_between(code[1], 'A', 'Z')
           && is_between(code[2], 'A', 'Z');
}

/* Whether `value`, which is not null, is proven to be as its field asks. */
static int
fits(const Field *field, PyObject *value)
{
    if (field->kinds & TIME) {
        return time_end(value) > 0;
    }
    if (PyUnicode_CheckExact(value)) {
        if (field->choices != NULL) {
            return PySet_Contains(field->choices, value) == 1;
        }
        if (field->kinds & CURRENCY) {
            return is_currency(value);
        }
        const Py_ssize_t length = PyUnicode_GET_LENGTH(value);
        return field->kinds & TEXT && length >= field->shortest && length <= field->longest;
    }
    if (PyBool_Check(value)) {
        return field->kinds & BOOLEAN;
    }
    if (PyLong_CheckExact(value)) {
        int overflow;
        const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
        return field->kinds & INTEGER && !overflow && number >= field->low && number <= field->high;
    }
    if (PyFloat_CheckExact(value)) {
        const double number = PyFloat_AS_DOUBLE(value);
        return field->kinds & FLOAT && number >= (double)field->low && number <= (double)field->high;
    }
    if (PyDict_CheckExact(value)) {
        return field->kinds & OBJECT;
    }
    if (PyList_CheckExact(value)) {
        return field->kinds & LIST && PyList_GET_SIZE(value) <= field->most
               && (field->items == NULL || all_fit(field->items, value));
    }
    return 0;
}

/* Return the field called `name`; NULL where the form has none.
 *
 * The parser hands on the same object for a name that comes again. Its address is enough to know it
 * by, where a dict compares the letters: a tenth of the price.
 */
static const Field *
field_of(Form *form, PyObject *name)
{
    const uint64_t mixed = (uint64_t)(uintptr_t)name * UINT64_C(0x9E3779B97F4A7C15);
    Seen *seen = &form->seen[mixed >> (64 - SEEN_BITS)];
    if (seen->name == name) {
        return seen->field;
    }
    PyObject *place = PyDict_GetItemWithError(form->places, name);
    if (place == NULL) {
        return NULL;
    }
    const Field *field = &form->fields[PyLong_AsSsize_t(place)];
    if (PyUnicode_CheckExact(name)) {
        /* kept alive: nothing else can come to stand at its address */
        Py_XSETREF(seen->name, Py_NewRef(name));
        seen->field = field;
    }
    return field;
}

/* Whether the items of a list are objects of that form, with no null that had to go. */
static int
all_fit(Form *form, PyObject *list)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++) {
        PyObject *item = PyList_GET_ITEM(list, i), *name, *value;
        Py_ssize_t at = 0, required = 0;
        if (!PyDict_CheckExact(item)) {
            return 0;
        }
        while (form->count > 0 && PyDict_Next(item, &at, &name, &value)) {
            const Field *field = field_of(form, name);
            if (value == Py_None || (field != NULL && !fits(field, value))) {
                return 0;
            }
            required += field != NULL && field->required;
        }
        if (required < form->required) {
            return 0;
        }
    }
    return 1;
}

/* ---- events ---------------------------------------------------------------------------------- */

/* What has to be done to an event, found before anything is done. */
typedef struct {
    PyObject *nulls[MOST_NULLS]; /* names, borrowed */
    int null_count;
    PyObject *time_name, *time; /* borrowed */
    PyObject *timed;            /* a list whose items may have times, borrowed */
    Form *of_timed;             /* the form of its items */
} Changes;

/* Whether the event is proven to be valid; `changes` are then what is left to do. */
static int
is_valid(Form *form, PyObject *event, Changes *changes)
{
    PyObject *name, *value;
    Py_ssize_t at = 0, required = 0;
    while (PyDict_Next(event, &at, &name, &value)) {
        const Field *field = field_of(form, name);
        if (field == NULL) {
            return 0;
        }
        required += field->required;
        if (value == Py_None) {
            if (!(field->kinds & NULL_VALUE) || changes->null_count == MOST_NULLS) {
                return 0;
            }
            changes->nulls[changes->null_count++] = name;
            continue;
        }
        if (!fits(field, value)) {
            return 0;
        }
        if (field->kinds & TIME) {
            if (changes->time != NULL) {
                return 0;
            }
            changes->time_name = name;
            changes->time = value;
        }
        else if (field->items != NULL && field->items->timed && PyList_CheckExact(value)) {
            if (changes->timed != NULL) {
                return 0;
            }
            changes->timed = value;
            changes->of_timed = field->items;
        }
    }
    return required == form->required;
}

/* Bring the times of a list's items to their stored form. Returns 0, or -1 with an error. */
static int
change_items(Form *form, PyObject *list)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++) {
        PyObject *item = PyList_GET_ITEM(list, i), *name, *value;
        Py_ssize_t at = 0;
        while (PyDict_Next(item, &at, &name, &value)) {
            const Field *field = field_of(form, name);
            /* to put another value under a name that is there leaves the walk intact */
            if (field != NULL && field->kinds & TIME && store_time(item, name, value) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

/* Returns 0, or -1 with an error. */
static int
change(PyObject *event, const Changes *changes)
{
    if (changes->time != NULL && store_time(event, changes->time_name, changes->time) < 0) {
        return -1;
    }
    if (changes->timed != NULL && change_items(changes->of_timed, changes->timed) < 0) {
        return -1;
    }
    for (int i = 0; i < changes->null_count; i++) {
        PyObject *name = changes->nulls[i];
        if (PyUnicode_Compare(name, parent_span_id) != 0) {
            Py_INCREF(name);
            const int failed = PyDict_DelItem(event, name);
            Py_DECREF(name);
            if (failed) {
                return -1;
            }
        }
    }
    return PyDict_SetDefault(event, parent_span_id, Py_None) == NULL ? -1 : 0;
}

static PyObject *
settle(Form *form, PyObject *event)
{
    Changes changes = {.null_count = 0};
    if (!PyDict_CheckExact(event)) {
        Py_RETURN_FALSE;
    }
    const int valid = is_valid(form, event, &changes);
    if (valid && !PyErr_Occurred()) {
        change(event, &changes);
    }
    return PyErr_Occurred() ? NULL : PyBool_FromLong(valid);
}

/* ---- the type -------------------------------------------------------------------------------- */

static void
form_free(Form *form)
{
    for (Py_ssize_t i = 0; i < form->count; i++) {
        Py_XDECREF(form->fields[i].choices);
        Py_XDECREF(form->fields[i].items);
    }
    for (int i = 0; i < 1 << SEEN_BITS; i++) {
        Py_XDECREF(form->seen[i].name);
    }
    PyMem_Free(form->fields);
    Py_XDECREF(form->places);
    Py_TYPE(form)->tp_free(form);
}

/* Enter a field, given as a tuple. Returns 0, or -1 with an error. */
static int
enter(Form *form, PyObject *given)
{
    Field field = {0};
    PyObject *name, *choices, *items;
    if (!PyTuple_Check(given)) {
        PyErr_SetString(PyExc_TypeError, "a field is a tuple");
        return -1;
    }
    if (!PyArg_ParseTuple(given, "UipnnnLLOO", &name, &field.kinds, &field.required,
                          &field.shortest, &field.longest, &field.most, &field.low, &field.high,
                          &choices, &items)) {
        return -1;
    }
    if ((choices != Py_None && !PyFrozenSet_CheckExact(choices))
        || (items != Py_None && !Py_IS_TYPE(items, &form_type))) {
        PyErr_SetString(PyExc_TypeError, "choices are a frozenset, items have a form");
        return -1;
    }
    PyObject *place = PyLong_FromSsize_t(form->count);
    if (place == NULL || PyDict_SetItem(form->places, name, place) < 0) {
        Py_XDECREF(place);
        return -1;
    }
    Py_DECREF(place);
    field.choices = choices == Py_None ? NULL : Py_NewRef(choices);
    field.items = items == Py_None ? NULL : (Form *)Py_NewRef(items);
    form->required += field.required;
    form->timed |= field.kinds & TIME;
    form->fields[form->count++] = field;
    return 0;
}

static PyObject *
form_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    PyObject *fields;
    if (keywords != NULL || !PyArg_ParseTuple(arguments, "O!", &PyTuple_Type, &fields)) {
        return NULL;
    }
    Form *form = (Form *)type->tp_alloc(type, 0);
    if (form == NULL) {
        return NULL;
    }
    form->places = PyDict_New();
    form->fields = PyMem_Calloc(PyTuple_GET_SIZE(fields) + 1, sizeof(Field));
    int failed = form->places == NULL || form->fields == NULL;
    for (Py_ssize_t i = 0; !failed && i < PyTuple_GET_SIZE(fields); i++) {
        failed = enter(form, PyTuple_GET_ITEM(fields, i)) < 0;
    }
    if (failed) {
        Py_DECREF(form);
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    }
    return (PyObject *)form;
}

static PyMethodDef form_methods[] = {
    {"settle", (PyCFunction)settle, METH_O, "Bring an event to its stored form; see form.pyi."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject form_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "pipeline.events.form.Form",
    .tp_doc = "The form of an object; see form.pyi.",
    .tp_basicsize = sizeof(Form),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = form_new,
    .tp_dealloc = (destructor)form_free,
    .tp_methods = form_methods,
};

static struct PyModuleDef form_module = {
    PyModuleDef_HEAD_INIT, .m_name = "form", .m_doc = "The form of events.", .m_size = -1,
};

PyMODINIT_FUNC
PyInit_form(void)
{
    parent_span_id = PyUnicode_InternFromString("parent_span_id");
    if (parent_span_id == NULL || PyType_Ready(&form_type) < 0) {
        return NULL;
    }
    PyObject *module = PyModule_Create(&form_module);
    if (module != NULL && PyModule_AddObjectRef(module, "Form", (PyObject *)&form_type) < 0) {
        Py_CLEAR(module);
    }
    return module;
}
