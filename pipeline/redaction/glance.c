/* The verifier's first glance: which of its checks can find anything in some bytes.
 *
 * What is looked for is less than the patterns ask: for each of them a row of bytes, one of which
 * begins all that it matches. A "no" is a proof, then; a "yes" is none, and the pattern decides. `tests/property/test_verifier_glance.py` holds both together.
 *
 * The rows are looked for at once, by Shift-And (Baeza-Yates and Gonnet, 1992): a bit for each byte
 * of each row, set while that row fits up to there. One step is three operations without a branch,
 * and four parts of the text are read side by side, as none waits for another.
 *
 * Of those that do fit, a number in the middle of a longer one or of a word is the most frequent:
 * twelve digits of a trace id, four characters of a parcel's. Before a pattern is looked for, the
 * places where its rows begin are read once more, for one that may stand alone.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

/* What may be found, as the bits of an answer. */
enum {
    EMAIL_ADDRESS = 1,
    CREDIT_CARD = 2,
    IBAN_CODE = 4,
    US_SSN = 8,
    PHONE_NUMBER = 16,
    API_KEY = 32,
    SECRET = 64,
};

/* In a row: # a digit, ^ a capital, = one of [A-Z0-9 ], ~ one of [0-9 -], * one of [A-Za-z0-9_.-],
 * [..] one of these bytes, all else itself.
 */
static const struct {
    int entity;
    const char *places;
} rows[] = {
    {US_SSN, "###-##-###"}, /* one short, for want of bits */
    /* at least 12 digits, a sign between groups */
    {CREDIT_CARD, "[23456]###~###~~~~"},
    {IBAN_CODE, "^^##===="},
    /* two more digits or more */
    {PHONE_NUMBER, "+[123456789][0123456789 .(-]"},
    /* -----BEGIN */
    {SECRET, "--BEG"},
    /* What a key begins with; 16 bytes or more follow, of which some are asked for where a word may
     * begin so: `task_id` */
    {API_KEY, "[sr]k[-_]*****"},        /* sk- sk_live_ rk_live_ */
    {API_KEY, "hf_"},
    {API_KEY, "[gnd][hpo][pousm]_"},    /* ghp_ gho_ ghu_ ghs_ npm_ dop_v1_ */
    {API_KEY, "[gs][ilh][tp][ha]"},     /* github_pat_ glpat- shpat_ */
    {API_KEY, "A[KSI][Iz]"},            /* AKIA ASIA AIza */
    {API_KEY, "[Sxe][Goy][.xJ]*"},      /* SG. xoxb- eyJ */
};
#define ROWS (sizeof rows / sizeof *rows)
#define LONGEST_ROW 12

/* The checks of these entities refuse what a word goes on before. */
#define STAND_ALONE (CREDIT_CARD | IBAN_CODE | US_SSN | PHONE_NUMBER | API_KEY)

static uint64_t fitting[256]; /* the bits of those places in rows where a byte fits */
static uint64_t firsts, lasts;
static uint64_t last_of[ROWS]; /* the bit of each row's last place */
static int length_of[ROWS];

static int
is_letter(unsigned char byte)
{
    return (unsigned char)((byte | 32) - 'a') < 26;
}

static int
is_word(unsigned char byte)
{
    return is_letter(byte) || (unsigned char)(byte - '0') < 10 || byte == '_';
}

/* Whether what begins at `at` may stand alone: no word goes on before it, or the last of an escape
 * in JSON, `\n` or `\u00e9`. */
static int
may_stand_alone(const unsigned char *text, Py_ssize_t at)
{
    return at == 0 || !is_word(text[at - 1]) || (at >= 2 && text[at - 2] == '\\')
           || (at >= 6 && text[at - 6] == '\\' && text[at - 5] == 'u');
}

/* Return those of `entities` that have a row which may stand alone. */
static int
alone_in(const unsigned char *text, Py_ssize_t length, int entities)
{
    uint64_t state = 0;
    int alone = 0;
    for (Py_ssize_t i = 0; i < length && alone != entities; i++) {
        state = (state << 1 | firsts) & fitting[text[i]];
        if ((state & lasts) == 0) {
            continue;
        }
        for (size_t row = 0; row < ROWS; row++) {
            if (state & last_of[row] && may_stand_alone(text, i + 1 - length_of[row])) {
                alone |= rows[row].entity & entities;
            }
        }
    }
    return alone;
}

static int
rows_in(const unsigned char *text, Py_ssize_t length)
{
    /* Four parts, each of which reaches a row into the next: none is cut in two. */
    Py_ssize_t steps = length / 4 + LONGEST_ROW;
    steps = steps < length ? steps : length;
    const Py_ssize_t last = length - steps;
    const unsigned char *second = text + last / 3, *third = text + 2 * last / 3;
    const unsigned char *fourth = text + last;
    const uint64_t begin = firsts;
    uint64_t one = 0, two = 0, three = 0, four = 0, seen = 0;
    for (Py_ssize_t i = 0; i < steps; i++) {
        one = (one << 1 | begin) & fitting[text[i]];
        two = (two << 1 | begin) & fitting[second[i]];
        three = (three << 1 | begin) & fitting[third[i]];
        four = (four << 1 | begin) & fitting[fourth[i]];
        seen |= one | two | three | four;
    }
    int entities = 0;
    if ((seen & lasts) != 0) {
        for (size_t row = 0; row < ROWS; row++) {
            entities |= seen & last_of[row] ? rows[row].entity : 0;
        }
    }
    return entities;
}

static int
is_host(unsigned char byte)
{
    return is_letter(byte) || (unsigned char)(byte - '0') < 10 || byte == '-' || byte == '.';
}

/* Whether there is an @, a host with a dot in it, and two letters behind the dot. */
static int
has_address(const unsigned char *text, const unsigned char *end)
{
    const unsigned char *at = text;
    while ((at = memchr(at, '@', end - at)) != NULL) {
        for (at++; at < end && is_host(*at); at++) {
            if (*at == '.' && end - at > 2 && is_letter(at[1]) && is_letter(at[2])) {
                return 1;
            }
        }
    }
    return 0;
}

static PyObject *
may_hold(PyObject *Py_UNUSED(module), PyObject *data)
{
    if (!PyBytes_Check(data)) {
        PyErr_SetString(PyExc_TypeError, "the data is bytes");
        return NULL;
    }
    const unsigned char *text = (const unsigned char *)PyBytes_AS_STRING(data);
    const Py_ssize_t length = PyBytes_GET_SIZE(data);
    const int address = has_address(text, text + length) ? EMAIL_ADDRESS : 0;
    int entities = rows_in(text, length);
    if (entities & STAND_ALONE) {
        entities = (entities & ~STAND_ALONE) | alone_in(text, length, entities & STAND_ALONE);
    }
    return PyLong_FromLong(entities | address);
}

static PyMethodDef methods[] = {
    {"may_hold", may_hold, METH_O, "The entities whose patterns may match; see glance.pyi."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef glance_module = {
    PyModuleDef_HEAD_INIT, .m_name = "glance", .m_doc = "The verifier's first glance.",
    .m_size = -1, .m_methods = methods,
};

#define DIGITS "0123456789"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define SMALL "abcdefghijklmnopqrstuvwxyz"

/* Let all of `bytes` fit at `bit`. */
static void
fit(uint64_t bit, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fitting[(unsigned char)bytes[i]] |= bit;
    }
}

/* Enter one place of a row at `bit`; return what follows in the row. */
static const char *
enter(uint64_t bit, const char *place)
{
    static const struct {
        char sign;
        const char *bytes;
    } classes[] = {
        {'#', DIGITS},
        {'^', CAPITALS},
        {'=', CAPITALS DIGITS " "},
        {'~', DIGITS " -"},
        {'*', CAPITALS SMALL DIGITS "_.-"},
    };
    if (*place == '[') {
        const char *behind = strchr(place, ']');
        fit(bit, place + 1, behind - place - 1);
        return behind + 1;
    }
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (classes[i].sign == *place) {
            fit(bit, classes[i].bytes, strlen(classes[i].bytes));
            return place + 1;
        }
    }
    fit(bit, place, 1);
    return place + 1;
}

PyMODINIT_FUNC
PyInit_glance(void)
{
    int bits = 0;
    for (size_t i = 0; i < ROWS; i++) {
        const int first = bits;
        firsts |= (uint64_t)1 << bits;
        for (const char *place = rows[i].places; *place != '\0'; bits++) {
            if (bits == 64) {
                PyErr_SetString(PyExc_SystemError, "the rows have more than 64 places");
                return NULL;
            }
            place = enter((uint64_t)1 << bits, place);
        }
        last_of[i] = (uint64_t)1 << (bits - 1);
        length_of[i] = bits - first;
        lasts |= last_of[i];
    }
    PyObject *module = PyModule_Create(&glance_module);
    if (module == NULL || PyModule_AddIntMacro(module, EMAIL_ADDRESS) < 0 ||
        PyModule_AddIntMacro(module, CREDIT_CARD) < 0 ||
        PyModule_AddIntMacro(module, IBAN_CODE) < 0 || PyModule_AddIntMacro(module, US_SSN) < 0 ||
        PyModule_AddIntMacro(module, PHONE_NUMBER) < 0 ||
        PyModule_AddIntMacro(module, API_KEY) < 0 || PyModule_AddIntMacro(module, SECRET) < 0) {
        Py_CLEAR(module);
    }
    return module;
}
