/* A record of JSON taken apart: for each field that is wanted the value in it, none of them copied.
 *
 * Of the sink's columns, and of what the aggregator reads of an event. */

#ifndef SLUICE_JSON_RECORD_H
#define SLUICE_JSON_RECORD_H

#include "json_text.h"
#include "short_hash.h"

#define MOST_FIELDS 120
#define MOST_OBJECTS 4
#define OUTSIDE MOST_OBJECTS /* of the record: where it stands itself */
#define MOST_AMOUNT 4e18 /* as in pipeline/amounts.py, which cuts off what is more */
#define NAME_SLOTS 256 /* more than twice the fields: there is always a free one */

/* What a field holds, and what of JSON it takes. Null or nothing where nothing is required. */
enum {
    TEXT = 't',      /* a string */
    WORD = 'w',      /* a string without escapes, one of few */
    JSON = 'j',      /* any value as its text; of a string its content */
    MOMENT = 'm',    /* a string such as 2026-11-01T10:00:00.250000Z, as microseconds */
    DOLLARS = 'd',   /* a number, in billionths */
    FLOAT = 'f',     /* a number, nullable */
    INTEGER = 'n',   /* an integer of 64 bits that is not negative, nullable */
    SHORT = '2',     /* the same of 16 bits, and not nullable */
    MEDIUM = '4',    /* of 32 */
    LONG = '8',      /* of 64 */
    COUNTS = 'c',    /* an object of integers of 32 bits */
    VERIFIED = 'v',  /* true */
    REST = 'r',      /* the members that no field is named after, as an object */
    OBJECT = '{',    /* an object that has fields itself */
    NO_COLUMN = '-', /* passed, and not among the rest */
};

/* What stands in the text. */
typedef struct {
    Text text;
    Number number;
    char type; /* by its first character: " { [ t f n, and 0 for a number */
} Value;

typedef struct {
    char kind;
    int is_required;
    size_t object; /* in which it stands; of an OBJECT, which it is */
    const char *name;
    size_t name_size;
    Value value; /* of the record at hand, if it was seen */
    int is_seen;
    size_t next; /* the field that came after it the last time, counted from 1 */
} Field;

typedef struct {
    Field fields[MOST_FIELDS];
    size_t count;
    size_t first[MOST_OBJECTS];              /* the field that came first the last time, as `next` */
    uint8_t slots[MOST_OBJECTS][NAME_SLOTS]; /* by a name's hash: a field, counted from 1 */
    Text rest_names[MOST_MEMBERS], rest[MOST_MEMBERS];
    size_t rest_count;
    Text counted[MOST_MEMBERS];
    uint32_t counts[MOST_MEMBERS];
    size_t counted_count;
} Fields;

static inline void
add_name(Fields *fields, size_t object, size_t index)
{
    const Field *field = &fields->fields[index];
    size_t slot = hash_of(field->name, field->name_size) % NAME_SLOTS;
    while (fields->slots[object][slot] != 0) {
        slot = (slot + 1) % NAME_SLOTS;
    }
    fields->slots[object][slot] = (uint8_t)(index + 1);
}

/* Return the field of `object` that is called so, or NULL. */
static inline Field *
find_field(Fields *fields, size_t object, const Text *name)
{
    size_t slot = hash_of(name->start, name->size) % NAME_SLOTS;
    for (; fields->slots[object][slot] != 0; slot = (slot + 1) % NAME_SLOTS) {
        Field *field = &fields->fields[fields->slots[object][slot] - 1];
        if (field->name_size == name->size &&
            memcmp(field->name, name->start, name->size) == 0) {
            return field;
        }
    }
    return NULL;
}

/* Pass the name of a member if it is that of the field number `guess`, and return that. */
static inline Field *
pass_guessed(Scanner *scanner, Fields *fields, size_t guess)
{
    Field *field = guess == 0 ? NULL : &fields->fields[guess - 1];
    const char *const at = scanner->at;
    if (field == NULL || (size_t)(scanner->end - at) < field->name_size + 3 || at[0] != '"' ||
        memcmp(at + 1, field->name, field->name_size) != 0 || at[field->name_size + 1] != '"' ||
        at[field->name_size + 2] != ':') {
        return NULL;
    }
    scanner->at += field->name_size + 3;
    return field;
}

/* Return the number that `count` digits are, or -1. */
static inline int64_t
digits_at(const char *at, int count)
{
    int64_t number = 0;
    for (int i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9') {
            return -1;
        }
        number = number * 10 + (at[i] - '0');
    }
    return number;
}

/* Read a time as redactors write it, as microseconds since 1970; another form is not theirs. */
static inline int
read_moment(const Text *text, Number *number)
{
    static const int days_of[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const char *at = text->start;
    if (text->size != 27 || at[4] != '-' || at[7] != '-' || at[10] != 'T' || at[13] != ':' ||
        at[16] != ':' || at[19] != '.' || at[26] != 'Z') {
        return -1;
    }
    const int64_t year = digits_at(at, 4), month = digits_at(at + 5, 2), day = digits_at(at + 8, 2);
    const int64_t hour = digits_at(at + 11, 2), minute = digits_at(at + 14, 2);
    const int64_t second = digits_at(at + 17, 2), micro = digits_at(at + 20, 6);
    if (year < 1970 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 || minute < 0 ||
        minute > 59 || second < 0 || second > 59 || micro < 0) {
        return -1;
    }
    const int is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day > days_of[month - 1] + (month == 2 && is_leap)) {
        return -1;
    }
    const int64_t past = year - 1; /* years that have ended, and the leap days in them */
    int64_t days = past * 365 + past / 4 - past / 100 + past / 400 - 719162 + day - 1;
    for (int64_t i = 0; i < month - 1; i++) {
        days += days_of[i] + (i == 1 && is_leap);
    }
    const int64_t seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    number->whole = (uint64_t)(seconds * 1000000 + micro);
    return 0;
}

/* Read an object of counts. */
static inline int
read_counts(Scanner *scanner, Fields *fields)
{
    fields->counted_count = 0;
    int more = scan_first(scanner, '{', '}');
    while (more > 0) {
        const size_t count = fields->counted_count++;
        Text *name = &fields->counted[count];
        Number number;
        if (count == MOST_MEMBERS || scan_name(scanner, name) < 0 || name->saved > 0 ||
            !is_new_name(fields->counted, count, name) || scan_number(scanner, &number) < 0 ||
            number.is_float || number.is_negative || number.whole > UINT32_MAX) {
            return -1;
        }
        fields->counts[count] = (uint32_t)number.whole;
        more = scan_next(scanner, '}');
    }
    return more;
}

/* Read any value. */
static inline int
read_value(Scanner *scanner, Value *value)
{
    const char *const start = scanner->at;
    value->type = *start;
    if (value->type == '"') {
        scanner->at++;
        return scan_text(scanner, &value->text);
    }
    if (value->type == '-' || (value->type >= '0' && value->type <= '9')) {
        value->type = 0;
        if (scan_number(scanner, &value->number) < 0) {
            return -1;
        }
    }
    else if (pass_value(scanner, MOST_LEVELS) < 0) {
        return -1;
    }
    value->text = (Text){start, (size_t)(scanner->at - start), 0};
    return 0;
}

/* Whether the field takes the value, which is made what the field holds. */
static inline int
fits(char kind, Value *value)
{
    Number *number = &value->number;
    const int is_count = value->type == 0 && !number->is_float && !number->is_negative;
    switch (kind) {
    case TEXT:
        return value->type == '"';
    case WORD:
        return value->type == '"' && value->text.saved == 0;
    case JSON:
        return 1;
    case MOMENT:
        return value->type == '"' && read_moment(&value->text, number) == 0;
    case DOLLARS:
        if (value->type == 0) {
            number->value = rint(number->value * 1e9);
        }
        return value->type == 0 && fabs(number->value) <= MOST_AMOUNT;
    case FLOAT:
        return value->type == 0;
    case SHORT:
        return is_count && number->whole <= UINT16_MAX;
    case MEDIUM:
        return is_count && number->whole <= UINT32_MAX;
    case INTEGER:
    case LONG:
        return is_count;
    case VERIFIED:
        return value->type == 't';
    default:
        return 0;
    }
}

/* Pass a member that no field is named after, and note it for the rest. */
static inline int
pass_rest(Scanner *scanner, Fields *fields, const Text *name)
{
    const size_t count = fields->rest_count++;
    if (count == MOST_MEMBERS || !is_new_name(fields->rest_names, count, name) ||
        pass_value(scanner, MOST_LEVELS) < 0) {
        return -1;
    }
    fields->rest_names[count] = *name;
    const char *const start = name->start - 1;
    fields->rest[count] = (Text){start, (size_t)(scanner->at - start), 0};
    return 0;
}

/* Read an object: 0 is the record itself, which has no OBJECT but in the first level. */
static int
read_object(Scanner *scanner, Fields *fields, size_t object)
{
    int more = scan_first(scanner, '{', '}');
    /* Events mostly have the same fields in the same order: to compare with the one that is due is
     * less than to look for the end of a name and look that up. */
    size_t *due = &fields->first[object];
    while (more > 0) {
        Text name;
        Field *field = pass_guessed(scanner, fields, *due);
        if (field == NULL) {
            if (scan_name(scanner, &name) < 0) {
                return -1;
            }
            field = find_field(fields, object, &name);
        }
        if (field != NULL) {
            *due = (size_t)(field - fields->fields) + 1;
            due = &field->next;
        }
        int failed = field != NULL && field->is_seen;
        if (field != NULL) {
            field->is_seen = 1;
        }
        if (failed) {
            return -1; /* of two of the same name, the later would count */
        }
        if (field == NULL) {
            failed = object == 0 ? pass_rest(scanner, fields, &name)
                                 : pass_value(scanner, MOST_LEVELS);
        }
        else if (field->kind == NO_COLUMN) {
            failed = pass_value(scanner, MOST_LEVELS);
        }
        else if (field->kind == OBJECT) {
            failed = read_object(scanner, fields, field->object);
        }
        else if (field->kind == COUNTS) {
            failed = read_counts(scanner, fields);
        }
        else if (read_value(scanner, &field->value) < 0) {
            failed = 1;
        }
        else if (field->value.type == 'n') {
            failed = field->is_required;
        }
        else {
            failed = !fits(field->kind, &field->value);
        }
        if (failed) {
            return -1;
        }
        more = scan_next(scanner, '}');
    }
    return more;
}

/* Read a whole text that is a record: its fields, with all that are required. */
static inline int
read_record(Scanner *scanner, Fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        fields->fields[i].is_seen = 0;
    }
    fields->rest_count = 0;
    if (read_object(scanner, fields, 0) < 0 || scanner->at != scanner->end) {
        return -1;
    }
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->fields[i].is_required && !fields->fields[i].is_seen) {
            return -1;
        }
    }
    return 0;
}

#endif
