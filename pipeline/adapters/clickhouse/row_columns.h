/* The columns of a block in the making, as the Native format has them. */

#ifndef SLUICE_ROW_COLUMNS_H
#define SLUICE_ROW_COLUMNS_H

#include "pipeline/events/json_record.h"
#include "word_places.h"

/* A column's bytes so far; those of words and counts are in `words`, but for the counts' own. */
typedef struct {
    Buffer nulls, values, ends;
    Words words;
    uint64_t counted; /* in all rows */
} Column;

/* Whether it has a value that is not null. */
static inline int
is_there(const Field *field)
{
    return field->is_seen && field->value.type != 'n';
}

static inline int
put_text(Buffer *buffer, const Text *text)
{
    if (text->saved == 0) {
        return put_bytes(buffer, text->start, text->size);
    }
    const size_t size = text->size - text->saved;
    if (put_length(buffer, size) < 0) {
        return -1;
    }
    write_unescaped(text, buffer->bytes + buffer->size);
    buffer->size += size;
    return 0;
}

static inline int
put_rest(Buffer *buffer, const Fields *fields)
{
    size_t size = fields->rest_count + 1; /* braces, and commas in between */
    for (size_t i = 0; i < fields->rest_count; i++) {
        size += fields->rest[i].size;
    }
    if (fields->rest_count == 0) {
        return put_length(buffer, 0);
    }
    if (put_length(buffer, size) < 0) {
        return -1;
    }
    for (size_t i = 0; i < fields->rest_count; i++) {
        buffer->bytes[buffer->size++] = i == 0 ? '{' : ',';
        memcpy(buffer->bytes + buffer->size, fields->rest[i].start, fields->rest[i].size);
        buffer->size += fields->rest[i].size;
    }
    buffer->bytes[buffer->size++] = '}';
    return 0;
}

static inline int
put_counts(Column *column, const Fields *fields)
{
    for (size_t i = 0; i < fields->counted_count; i++) {
        const Text *name = &fields->counted[i];
        if (put_word(&column->words, name->start, name->size) < 0 ||
            put(&column->values, &fields->counts[i], sizeof fields->counts[i]) < 0) {
            return -1;
        }
    }
    column->counted += fields->counted_count;
    return put_number(&column->ends, column->counted);
}

/* Append eight bytes that may be unknown. */
static inline int
put_nullable(Column *column, int is_known, const void *number)
{
    static const char nought[8];
    const char is_null = !is_known;
    if (put(&column->nulls, &is_null, 1) < 0) {
        return -1;
    }
    return put(&column->values, is_known ? number : nought, 8);
}

/* Append what the record at hand has for the column, which is that of a field. */
static inline int
put_field(Column *column, const Fields *fields, size_t index)
{
    const Field *field = &fields->fields[index];
    const int known = is_there(field);
    const Value *value = &field->value;
    const uint64_t whole = known ? value->number.whole : 0;
    switch (field->kind) {
    case TEXT:
    case JSON:
        return known ? put_text(&column->values, &value->text) : put_length(&column->values, 0);
    case WORD:
        return known ? put_word(&column->words, value->text.start, value->text.size)
                     : put_word(&column->words, "", 0);
    case MOMENT:
    case LONG:
        return put(&column->values, &whole, 8);
    case MEDIUM:
        return put(&column->values, &whole, 4);
    case SHORT:
        return put(&column->values, &whole, 2);
    case VERIFIED:
        return put(&column->values, "\1", 1);
    case INTEGER:
        return put_nullable(column, known, &whole);
    case FLOAT:
        return put_nullable(column, known, &value->number.value);
    case DOLLARS: {
        const int64_t billionths = known ? (int64_t)value->number.value : 0;
        return put_nullable(column, known, &billionths);
    }
    case COUNTS:
        return put_counts(column, fields);
    case REST:
        return put_rest(&column->values, fields);
    default:
        return 0;
    }
}

/* Append a column's values to those of a block. */
static inline int
put_column(Buffer *block, char kind, const Column *column)
{
    int failed = 0;
    if (kind == WORD || kind == COUNTS) {
        failed = put_number(block, DICTIONARY_VERSION) < 0;
    }
    /* of counts where each row ends, of nullables which are null */
    failed = failed || put(block, column->ends.bytes, column->ends.size) < 0 ||
             put(block, column->nulls.bytes, column->nulls.size) < 0;
    if (column->words.count > 0) {
        failed = failed || put_words(block, &column->words) < 0;
    }
    return failed || put(block, column->values.bytes, column->values.size) < 0 ? -1 : 0;
}

static inline void
clear_column(Column *column)
{
    column->nulls.size = column->values.size = column->ends.size = 0;
    column->counted = 0;
    clear_words(&column->words);
}

static inline void
free_column(Column *column)
{
    PyMem_Free(column->nulls.bytes);
    PyMem_Free(column->values.bytes);
    PyMem_Free(column->ends.bytes);
    free_words(&column->words);
}

#endif
