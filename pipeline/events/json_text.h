/* JSON as orjson writes it: with no space, each character and number in one way only.
 *
 * What is accepted here comes out of orjson's parser and writer again byte by byte, so it can be
 * stored as it stands. All else, valid or not, is -1 and for orjson itself. A text ends in a NUL
 * at `end`, as that of a `bytes` does; nothing goes past it, since no part of JSON contains one.
 */

#ifndef SLUICE_JSON_TEXT_H
#define SLUICE_JSON_TEXT_H

#include "json_number.h"

#define MOST_LEVELS 64  /* of nesting; orjson writes some 250 */
#define MOST_MEMBERS 64 /* of an object, each of which is compared with all before it */

typedef struct {
    const char *start;
    size_t size;
    size_t saved; /* bytes by which it is shorter without escapes; 0: it has none */
} Text;

/* Return a bit in each byte of `eight` that ends a run of plain characters: quotes, backslashes,
 * controls, and what is not ASCII. Only the lowest is sure: a borrow may set bits above it. */
static inline uint64_t
special_bytes(uint64_t eight)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    const uint64_t quotes = eight ^ ones * '"', backslashes = eight ^ ones * '\\';
    return (((quotes - ones) & ~quotes) | ((backslashes - ones) & ~backslashes) |
            ((eight - ones * ' ') & ~eight) | eight) &
           tops;
}

/* Return what is behind an escape that orjson writes, or NULL. */
static inline const char *
behind_escape(const char *at)
{
    if (at[1] != 0 && strchr("\"\\bfnrt", at[1]) != NULL) {
        return at + 2;
    }
    if (at[1] != 'u' || at[2] != '0' || at[3] != '0') {
        return NULL;
    }
    if (at[4] == '0') { /* those that have a letter of their own are never written so */
        return at[5] != 0 && strchr("01234567bef", at[5]) != NULL ? at + 6 : NULL;
    }
    return at[4] == '1' && at[5] != 0 && strchr("0123456789abcdef", at[5]) != NULL ? at + 6 : NULL;
}

static inline int
continues(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/* Return what is behind a character of UTF-8 that is not ASCII, or NULL. */
static inline const char *
behind_character(const char *at)
{
    const unsigned char first = (unsigned char)at[0], second = (unsigned char)at[1];
    if (first < 0xC2 || first > 0xF4 || !continues(at[1])) {
        return NULL;
    }
    if (first < 0xE0) {
        return at + 2;
    }
    /* too long a form, a surrogate, or above the last of Unicode's */
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
        (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F) || !continues(at[2])) {
        return NULL;
    }
    if (first < 0xF0) {
        return at + 3;
    }
    return continues(at[3]) ? at + 4 : NULL;
}

/* Read a string up to behind its closing quote; the scanner stands behind the opening one. */
static inline int
scan_text(Scanner *scanner, Text *text)
{
    const char *at = scanner->at;
    text->start = at;
    text->saved = 0;
    for (;;) {
        if (scanner->end - at >= 8) {
            uint64_t eight;
            memcpy(&eight, at, sizeof eight);
            const uint64_t special = special_bytes(eight);
            if (special == 0) {
                at += 8;
                continue;
            }
            at += __builtin_ctzll(special) / 8;
        }
        const unsigned char byte = (unsigned char)*at;
        if (byte == '"') {
            text->size = (size_t)(at - text->start);
            scanner->at = at + 1;
            return 0;
        }
        if (byte == '\\') {
            const char *behind = behind_escape(at);
            if (behind == NULL) {
                return -1;
            }
            text->saved += (size_t)(behind - at) - 1;
            at = behind;
        }
        else if (byte >= 0x80) {
            at = behind_character(at);
            if (at == NULL) {
                return -1;
            }
        }
        else if (byte < ' ') {
            return -1;
        }
        else {
            at++;
        }
    }
}

/* Write `text` without its escapes to `place`, which has room for it. */
static inline void
write_unescaped(const Text *text, char *place)
{
    const char *at = text->start, *const end = at + text->size;
    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        const size_t plain = (size_t)((escape == NULL ? end : escape) - at);
        memcpy(place, at, plain);
        place += plain;
        at += plain;
        if (escape != NULL) {
            const char letter = at[1];
            if (letter == 'u') {
                const char low = at[5];
                *place++ = (char)((at[4] - '0') * 16 + (low <= '9' ? low - '0' : low - 'a' + 10));
                at += 6;
            }
            else {
                *place++ = letter == 'b'   ? '\b'
                           : letter == 'f' ? '\f'
                           : letter == 'n' ? '\n'
                           : letter == 'r' ? '\r'
                           : letter == 't' ? '\t'
                                           : letter;
                at += 2;
            }
        }
    }
}

/* Whether none of the `count` names before it is `name`; compared as they are written. */
static inline int
is_new_name(const Text *names, size_t count, const Text *name)
{
    for (size_t i = 0; i < count; i++) {
        if (names[i].size == name->size && memcmp(names[i].start, name->start, name->size) == 0) {
            return 0;
        }
    }
    return 1;
}

/* Read a member's name and colon. */
static inline int
scan_name(Scanner *scanner, Text *name)
{
    if (*scanner->at != '"') {
        return -1;
    }
    scanner->at++;
    if (scan_text(scanner, name) < 0 || *scanner->at != ':') {
        return -1;
    }
    scanner->at++;
    return 0;
}

/* Go on behind a member or an item: 1 if another follows, 0 at the end by `closing`. */
static inline int
scan_next(Scanner *scanner, char closing)
{
    const char found = *scanner->at;
    if (found != ',' && found != closing) {
        return -1;
    }
    scanner->at++;
    return found == ',';
}

/* Go into an object or a list: 1 if something follows, 0 if it is empty and passed. */
static inline int
scan_first(Scanner *scanner, char opening, char closing)
{
    if (*scanner->at != opening) {
        return -1;
    }
    scanner->at++;
    if (*scanner->at != closing) {
        return 1;
    }
    scanner->at++;
    return 0;
}

/* Pass a literal such as `true`. */
static inline int
pass_word(Scanner *scanner, const char *word, size_t size)
{
    if ((size_t)(scanner->end - scanner->at) < size || memcmp(scanner->at, word, size) != 0) {
        return -1;
    }
    scanner->at += size;
    return 0;
}

/* Pass any value, `levels` of nesting deep at most. */
static int
pass_value(Scanner *scanner, int levels)
{
    Text text;
    Number number;
    switch (*scanner->at) {
    case '"':
        scanner->at++;
        return scan_text(scanner, &text);
    case 't':
        return pass_word(scanner, "true", 4);
    case 'f':
        return pass_word(scanner, "false", 5);
    case 'n':
        return pass_word(scanner, "null", 4);
    case '[':
    case '{':
        break;
    default:
        return scan_number(scanner, &number);
    }
    if (levels == 0) {
        return -1;
    }
    const char opening = *scanner->at, closing = opening == '[' ? ']' : '}';
    int more = scan_first(scanner, opening, closing);
    Text names[MOST_MEMBERS];
    for (size_t count = 0; more > 0; count++) {
        if (closing == '}') {
            if (count == MOST_MEMBERS || scan_name(scanner, &names[count]) < 0 ||
                !is_new_name(names, count, &names[count])) {
                return -1;
            }
        }
        if (pass_value(scanner, levels - 1) < 0) {
            return -1;
        }
        more = scan_next(scanner, closing);
    }
    return more;
}

#endif
