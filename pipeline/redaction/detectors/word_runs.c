/* Runs of capitalised words in an ASCII text, and what is known of each.
 *
 * `unread` finds what the pattern in `name_runs.py` finds: a property test holds the two equal. The
 * pattern would do for correctness. But nearly every text has a few runs, and most of those are
 * ordinary words that were met before; here they are passed over without a match object, a string
 * or a step of the interpreter for each.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

#define INTERFACE 1 /* raised with every change of what is handed over or comes back */
#define MAX_PARTICLES 3
#define LONGEST_PARTICLE 5
#define LONGEST_ABBREVIATION 4

static const char *const PARTICLES[] = {
    "van", "von", "der", "den", "de",  "del",  "della", "di",  "da", "do",  "dos", "das", "du",
    "la",  "le",  "el",  "al",  "bin", "bint", "ibn",   "ben", "ter", "ten", "zu",  "zur", "af",
    "av",  "y",   "e",   "st",
};
static const char *const PREFIXES[] = {"al", "el", "d", "l"};
static const char *const SUFFIXES[] = {"Jr", "Sr", "II", "III", "IV", "PhD", "MD"};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* A text, whose `at(text, size)` is 0: nothing here asks for more than one byte behind it. */
typedef struct {
    const char *bytes;
    Py_ssize_t size;
} Text;

static inline int
at(const Text *text, Py_ssize_t place)
{
    return place >= 0 && place < text->size ? (unsigned char)text->bytes[place] : 0;
}

static inline int
is_capital(int byte)
{
    return byte >= 'A' && byte <= 'Z';
}

static inline int
is_small(int byte)
{
    return byte >= 'a' && byte <= 'z';
}

static inline int
is_word(int byte)
{
    return is_small(byte) || is_capital(byte) || (byte >= '0' && byte <= '9') || byte == '_';
}

/* Whether `size` bytes from `start` on are one of `words`. */
static int
is_one_of(const Text *text, Py_ssize_t start, size_t size, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (words[i][0] == text->bytes[start] && strlen(words[i]) == size &&
            memcmp(words[i], text->bytes + start, size) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Return the length of the particle at `start`, which a blank follows; 0 for none. */
static Py_ssize_t
particle(const Text *text, Py_ssize_t start)
{
    Py_ssize_t size = 0;
    while (size <= LONGEST_PARTICLE && is_small(at(text, start + size))) {
        size++;
    }
    const int found = size > 0 && at(text, start + size) == ' ' &&
                      is_one_of(text, start, size, PARTICLES, COUNT(PARTICLES));
    return found ? size : 0;
}

/* Return where the word that begins at `start` ends: letters, with hyphens and apostrophes. */
static Py_ssize_t
word_end(const Text *text, Py_ssize_t start)
{
    Py_ssize_t end = start;
    for (;;) {
        while (is_word(at(text, end))) {
            end++;
        }
        const int joint = at(text, end);
        if ((joint != '\'' && joint != '-') || !is_word(at(text, end + 1))) {
            return end;
        }
        end++;
    }
}

/* Return where a word that ends at `end` ends with its full stop, if the stop is one of a short
 * word's and more of a name follows. */
static Py_ssize_t
stop_end(const Text *text, Py_ssize_t end)
{
    if (at(text, end) != '.') {
        return end;
    }
    int letters = 0;
    while (letters <= LONGEST_ABBREVIATION && is_word(at(text, end - letters - 1))) {
        letters++;
    }
    if (letters > LONGEST_ABBREVIATION) {
        return end;
    }
    const int blank = at(text, end + 1) == ' ';
    const int goes_on = is_capital(at(text, end + 1 + blank)) ||
                        (blank && particle(text, end + 2) > 0);
    return goes_on ? end + 1 : end;
}

/* Return the place behind a prefix such as "al-" at `start`. */
static Py_ssize_t
behind_prefix(const Text *text, Py_ssize_t start)
{
    for (Py_ssize_t size = 1; size <= 2; size++) {
        const int joint = at(text, start + size);
        if ((joint == '\'' || joint == '-') &&
            is_one_of(text, start, size, PREFIXES, COUNT(PREFIXES))) {
            return start + size + 1;
        }
    }
    return start;
}

/* Return the end of the run's next word, where the last one ended at `end`; 0 if the run is over. */
static Py_ssize_t
next_word(const Text *text, Py_ssize_t end)
{
    Py_ssize_t start = end;
    if (at(text, end) == ' ') {
        start += at(text, end + 1) == ' ' ? 2 : 1;
        for (int count = 0; count < MAX_PARTICLES; count++) {
            const Py_ssize_t size = particle(text, start);
            if (size == 0) {
                break;
            }
            start += size + 1;
        }
    }
    else if (at(text, end) == ',' && at(text, end + 1) == ' ') {
        Py_ssize_t size = 0;
        while (is_word(at(text, end + 2 + size))) {
            size++;
        }
        if (size == 0 || !is_one_of(text, end + 2, size, SUFFIXES, COUNT(SUFFIXES))) {
            return 0;
        }
        return word_end(text, end + 2);
    }
    else if (at(text, end - 1) != '.') {
        return 0;
    }
    start = behind_prefix(text, start);
    return is_capital(at(text, start)) ? word_end(text, start) : 0;
}

/* Whether a run may begin with the capital at `start`, by what stands before it. */
static int
may_begin(const Text *text, Py_ssize_t start)
{
    const int before = at(text, start - 1);
    if (before == 0) {
        return 1;
    }
    if (is_word(before) || strchr("#$/\\&+~", before) != NULL) {
        return 0;
    }
    return (before != '-' && before != '@') || !is_word(at(text, start - 2));
}

/* Append (start, run, what is known of it or None), but not if it is known to hold nothing. */
static int
add(PyObject *list, PyObject *string, PyObject *known, Py_ssize_t start, Py_ssize_t end)
{
    PyObject *run = PyUnicode_Substring(string, start, end);
    if (run == NULL) {
        return -1;
    }
    int done = 0;
    PyObject *reading = PyDict_GetItemWithError(known, run);
    if (reading == NULL && PyErr_Occurred()) {
        done = -1;
    }
    else if (reading == NULL || !PyTuple_Check(reading) || PyTuple_GET_SIZE(reading) > 0) {
        PyObject *place = PyLong_FromSsize_t(start);
        PyObject *item =
            place == NULL ? NULL : PyTuple_Pack(3, place, run, reading == NULL ? Py_None : reading);
        done = item == NULL ? -1 : PyList_Append(list, item);
        Py_XDECREF(place);
        Py_XDECREF(item);
    }
    Py_DECREF(run);
    return done;
}

static PyObject *
unread(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 2 || !PyUnicode_Check(args[0]) || !PyDict_Check(args[1])) {
        PyErr_SetString(PyExc_TypeError, "a text, and what is known of runs");
        return NULL;
    }
    PyObject *string = args[0], *known = args[1];
    if (!PyUnicode_IS_ASCII(string)) {
        PyErr_SetString(PyExc_ValueError, "the text is not ASCII");
        return NULL;
    }
    const Text text = {(const char *)PyUnicode_1BYTE_DATA(string), PyUnicode_GET_LENGTH(string)};
    PyObject *list = PyList_New(0);
    Py_ssize_t start = 0;
    while (list != NULL && start < text.size) {
        if (!is_capital(text.bytes[start]) || !may_begin(&text, start)) {
            start++;
            continue;
        }
        Py_ssize_t end = stop_end(&text, word_end(&text, start));
        Py_ssize_t next;
        while ((next = next_word(&text, end)) > 0) {
            end = stop_end(&text, next);
        }
        if (add(list, string, known, start, end) < 0) {
            Py_CLEAR(list);
        }
        start = end;
    }
    return list;
}

static PyMethodDef word_runs_methods[] = {
    {"unread", (PyCFunction)(void (*)(void))unread, METH_FASTCALL,
     "The runs of a text but those known to hold no part."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef word_runs_module = {
    PyModuleDef_HEAD_INIT, .m_name = "word_runs", .m_doc = "Runs of capitalised words.",
    .m_size = -1, .m_methods = word_runs_methods,
};

PyMODINIT_FUNC
PyInit_word_runs(void)
{
    PyObject *module = PyModule_Create(&word_runs_module);
    if (module == NULL || PyModule_AddIntConstant(module, "INTERFACE", INTERFACE) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
