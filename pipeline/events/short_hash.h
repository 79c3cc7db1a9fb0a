/* A hash of names and words. */

#ifndef SLUICE_SHORT_HASH_H
#define SLUICE_SHORT_HASH_H

#include <stdint.h>
#include <string.h>

static inline uint64_t
mixed(uint64_t hash, uint64_t more)
{
    hash = (hash ^ more) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 32;
}

/* Return a hash of bytes that are few, eight at a time. It is no secret: whoever wants collisions has
 * them, so that a table by it has to be small or may forget. */
static inline uint64_t
hash_of(const char *bytes, size_t size)
{
    uint64_t hash = size, eight = 0;
    for (; size >= sizeof eight; size -= sizeof eight, bytes += sizeof eight) {
        memcpy(&eight, bytes, sizeof eight);
        hash = mixed(hash, eight);
    }
    for (eight = 0; size > 0; size--) {
        eight = eight << 8 | (unsigned char)*bytes++;
    }
    return mixed(hash, eight);
}

#endif
