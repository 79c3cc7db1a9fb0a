/* Numbers of JSON in the one way in which orjson writes each; all else is -1, as in json_text.h. */

#ifndef SLUICE_JSON_NUMBER_H
#define SLUICE_JSON_NUMBER_H

#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define MOST_DIGITS 18 /* that surely fit 64 bits */

/* What is left of a text. */
typedef struct {
    const char *at, *end;
} Scanner;

typedef struct {
    uint64_t whole; /* an integer without its sign */
    int is_negative, is_float;
    double value;
} Number;

/* Read a float of many digits, which is as orjson writes it if Python writes it so, too: both take
 * the fewest digits that mean the same number, and differ only in when they use an exponent. */
static inline int
read_long_float(const char *start, size_t size, Number *number)
{
    char text[32];
    if (size >= sizeof text) {
        return -1;
    }
    memcpy(text, start, size);
    text[size] = 0;
    number->value = PyOS_string_to_double(text, NULL, NULL);
    if (number->value == -1.0 && PyErr_Occurred()) {
        PyErr_Clear();
        return -1;
    }
    char *written = PyOS_double_to_string(number->value, 'r', 0, Py_DTSF_ADD_DOT_0, NULL);
    const int same = written != NULL && strcmp(written, text) == 0;
    PyMem_Free(written);
    PyErr_Clear();
    return same && fabs(number->value) >= 1e-4 && fabs(number->value) < 1e15 ? 0 : -1;
}

/* Read digits, as if they went on those that were read: too many are no number, and never used. */
static inline const char *
read_digits(const char *at, uint64_t *digits)
{
    while (*at >= '0' && *at <= '9') {
        *digits = *digits * 10 + (uint64_t)(*at++ - '0');
    }
    return at;
}

/* Read a number that is no integer: its fraction, an exponent, or both. */
static inline int
scan_float(Scanner *scanner, const char *start, size_t before, Number *number)
{
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *at = start + number->is_negative + before;
    uint64_t digits = number->whole, small = 0;
    size_t behind = 0;
    if (*at == '.') {
        const char *const fraction = at + 1;
        at = read_digits(fraction, &digits);
        behind = (size_t)(at - fraction);
        if (behind == 0) {
            return -1;
        }
    }
    /* Up to fifteen digits no two decimals mean the same double, so the fewest digits for it are
     * these; and the quotient of two exact doubles is the nearest to what is meant. */
    const int few = before + behind <= MOST_DIGITS && digits < UINT64_C(1000000000000000);
    const int ends_well = at[-1] != '0' || (*at != 'e' && behind == 1);
    if (*at == 'e') { /* below 1e-5, and then a single digit stands before the point */
        const char *const exponent = at + 2;
        if (at[1] != '-' || *exponent == '0' || before != 1 || number->whole == 0 || !few) {
            return -1;
        }
        at = read_digits(exponent, &small);
        if (at == exponent || at > exponent + 2 || small < 6 || behind + small > 22 || !ends_well) {
            return -1;
        }
    }
    scanner->at = at;
    if (few && ends_well) {
        number->value = (double)digits / tens[behind + small];
        number->value = number->is_negative ? -number->value : number->value;
        if (digits == 0 || small > 0 || fabs(number->value) >= 1e-5) {
            return 0;
        }
    }
    return small > 0 ? -1 : read_long_float(start, (size_t)(at - start), number);
}

/* Read a number. */
static inline int
scan_number(Scanner *scanner, Number *number)
{
    const char *const start = scanner->at;
    number->is_negative = *start == '-';
    number->whole = 0;
    const char *const first = start + number->is_negative;
    const char *const at = read_digits(first, &number->whole);
    const size_t before = (size_t)(at - first);
    if (before == 0 || before > MOST_DIGITS || (before > 1 && *first == '0')) {
        return -1;
    }
    number->is_float = *at == '.' || *at == 'e';
    if (number->is_float) {
        return scan_float(scanner, start, before, number);
    }
    scanner->at = at;
    number->value = number->is_negative ? -(double)number->whole : (double)number->whole;
    return number->is_negative && number->whole == 0 ? -1 : 0;
}

#endif
