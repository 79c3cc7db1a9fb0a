/* Bytes that grow, and numbers and strings in them as ClickHouse's Native format has them. */

#ifndef SLUICE_BUFFER_H
#define SLUICE_BUFFER_H

#include <Python.h>
#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the format's numbers are little-endian, and are copied as they lie in memory"
#endif

#define FIRST_ROOM 4096

typedef struct {
    char *bytes;
    size_t size, room;
} Buffer;

static inline int
reserve(Buffer *buffer, size_t more)
{
    if (buffer->room - buffer->size >= more) {
        return 0;
    }
    size_t room = buffer->room == 0 ? FIRST_ROOM : 2 * buffer->room;
    while (room - buffer->size < more) {
        room *= 2;
    }
    char *bytes = PyMem_Realloc(buffer->bytes, room);
    if (bytes == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    buffer->bytes = bytes;
    buffer->room = room;
    return 0;
}

static inline int
put(Buffer *buffer, const void *bytes, size_t size)
{
    if (size == 0) {
        return 0; /* an empty buffer has no bytes to copy from */
    }
    if (reserve(buffer, size) < 0) {
        return -1;
    }
    memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
    return 0;
}

static inline int
put_number(Buffer *buffer, uint64_t number)
{
    return put(buffer, &number, sizeof number);
}

/* Append the length of what follows, and make room for that. */
static inline int
put_length(Buffer *buffer, size_t length)
{
    if (reserve(buffer, length + 10) < 0) {
        return -1;
    }
    do {
        buffer->bytes[buffer->size++] = (char)((length & 0x7F) | (length > 0x7F ? 0x80 : 0));
        length >>= 7;
    } while (length > 0);
    return 0;
}

/* Append bytes behind their length. */
static inline int
put_bytes(Buffer *buffer, const char *bytes, size_t size)
{
    if (put_length(buffer, size) < 0) {
        return -1;
    }
    memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
    return 0;
}

/* Append `count` keys of a dictionary as numbers of `width` bytes. */
static inline int
put_keys(Buffer *buffer, const uint32_t *keys, size_t count, size_t width)
{
    if (reserve(buffer, count * width) < 0) {
        return -1;
    }
    char *const bytes = buffer->bytes + buffer->size;
    buffer->size += count * width;
    if (width == 1) { /* nearly always, and then several at a time */
        for (size_t i = 0; i < count; i++) {
            bytes[i] = (char)keys[i];
        }
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(bytes + i * width, &keys[i], width);
    }
    return 0;
}

#define DICTIONARY_VERSION 1
#define NEW_DICTIONARY (1u << 9 | 1u << 10) /* its keys follow, and belong to this block alone */

/* Append a dictionary of `size` words, and for each of `count` rows its place among them. */
static inline int
put_dictionary(Buffer *buffer, const Buffer *words, size_t size, const uint32_t *keys, size_t count)
{
    const unsigned width = size <= UINT8_MAX + 1 ? 0 : size <= UINT16_MAX + 1 ? 1 : 2;
    return put_number(buffer, NEW_DICTIONARY | width) < 0 || put_number(buffer, size) < 0 ||
                   put(buffer, words->bytes, words->size) < 0 || put_number(buffer, count) < 0 ||
                   put_keys(buffer, keys, count, 1u << width) < 0
               ? -1
               : 0;
}

#endif
