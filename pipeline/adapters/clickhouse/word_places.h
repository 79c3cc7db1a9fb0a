/* The words of a LowCardinality column in the making, and for each row its place among them. */

#ifndef SLUICE_WORD_PLACES_H
#define SLUICE_WORD_PLACES_H

#include "buffer.h"
#include "pipeline/events/short_hash.h"

#define FIRST_SLOTS 32

typedef struct {
    uint64_t hash;
    size_t at, size; /* among the bytes of `keys` */
} Word;

typedef struct {
    Buffer keys;   /* as the format has them */
    Buffer found;  /* of `Word` */
    Buffer places; /* of `uint32_t`, for each row */
    uint32_t *slots; /* by hash: the number of a word, from 1 on; 0 is free */
    size_t slot_count; /* a power of two, at least twice the words */
    uint32_t count, latest;
} Words;

static inline int
is_word(const Words *words, uint32_t place, const char *bytes, size_t size)
{
    const Word *word = (const Word *)words->found.bytes + place;
    return word->size == size && memcmp(words->keys.bytes + word->at, bytes, size) == 0;
}

/* Give the words twice the slots. */
static inline int
more_slots(Words *words)
{
    const size_t count = words->slot_count == 0 ? FIRST_SLOTS : 2 * words->slot_count;
    uint32_t *slots = PyMem_Calloc(count, sizeof *slots);
    if (slots == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    const Word *found = (const Word *)words->found.bytes;
    for (uint32_t i = 0; i < words->count; i++) {
        size_t slot = found[i].hash & (count - 1);
        while (slots[slot] != 0) {
            slot = (slot + 1) & (count - 1);
        }
        slots[slot] = i + 1;
    }
    PyMem_Free(words->slots);
    words->slots = slots;
    words->slot_count = count;
    return 0;
}

/* Append a row whose word is `bytes`. Whoever makes words collide makes a block slow, not the sink: a
 * block is some hundred words. */
static inline int
put_word(Words *words, const char *bytes, size_t size)
{
    /* mostly that of the row before */
    if (words->count > 0 && is_word(words, words->latest, bytes, size)) {
        return put(&words->places, &words->latest, sizeof words->latest);
    }
    if (2 * (size_t)(words->count + 1) > words->slot_count && more_slots(words) < 0) {
        return -1;
    }
    const uint64_t hash = hash_of(bytes, size);
    size_t slot = hash & (words->slot_count - 1);
    uint32_t place = 0;
    for (; words->slots[slot] != 0; slot = (slot + 1) & (words->slot_count - 1)) {
        place = words->slots[slot] - 1;
        if (((const Word *)words->found.bytes)[place].hash == hash &&
            is_word(words, place, bytes, size)) {
            break;
        }
    }
    if (words->slots[slot] == 0) {
        place = words->count;
        if (put_bytes(&words->keys, bytes, size) < 0) {
            return -1;
        }
        const Word word = {hash, words->keys.size - size, size};
        if (put(&words->found, &word, sizeof word) < 0) {
            return -1;
        }
        words->slots[slot] = ++words->count;
    }
    words->latest = place;
    return put(&words->places, &place, sizeof place);
}

/* Append all to `buffer` as the format has it, but for the dictionary's version. */
static inline int
put_words(Buffer *buffer, const Words *words)
{
    return put_dictionary(buffer, &words->keys, words->count, (const uint32_t *)words->places.bytes,
                          words->places.size / sizeof(uint32_t));
}

static inline void
clear_words(Words *words)
{
    words->keys.size = words->found.size = words->places.size = 0;
    words->count = words->latest = 0;
    if (words->slot_count > 0) {
        memset(words->slots, 0, words->slot_count * sizeof *words->slots);
    }
}

static inline void
free_words(Words *words)
{
    PyMem_Free(words->keys.bytes);
    PyMem_Free(words->found.bytes);
    PyMem_Free(words->places.bytes);
    PyMem_Free(words->slots);
}

#endif
