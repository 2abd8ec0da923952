/*
 * Makes calls of the library to the kernel fail, be short, or be counted. The linker puts these in
 * their place (-Wl,--wrap), so the library itself has no hook.
 */
#ifndef S3DLIO_TESTS_INJECT_H
#define S3DLIO_TESTS_INJECT_H

#include <stddef.h>
#include <stdint.h>

/* How many calls there were since inject_nothing(). */
extern int call_count;
/* The call with this number (from 1) fails with this error; 0: none does. */
extern int failing_call;
extern int failing_error;
/* As many calls from there on fail. */
extern int failing_count;
/* At most this many bytes are moved by each of the first so many calls of preadv or pwritev. */
extern size_t transfer_bytes_max;
extern int short_transfers;
/* Called before each transfer, if set: 'r' or 'w', and its offset and size. */
extern void (*on_transfer)(char way, int64_t offset_bytes, size_t size_bytes);
/* Alignment of offsets that statx tells, and its power of two for addresses; 0: the truth. */
enum {
    STATX_TELLS_NOTHING = 1, /* as a file system without STATX_DIOALIGN */
    STATX_TELLS_NEVER = 2,   /* as one that never does direct I/O with this file */
};
extern unsigned statx_tells_bytes;
/* Alignment of addresses that statx tells then, if it isn't that power of two. */
extern unsigned statx_tells_memory_bytes;
/* Transfers are EINVAL unless their addresses, or offset and lengths, are multiples of these. */
extern size_t required_memory_bytes;
extern size_t required_offset_bytes;
/* A file system that makes the file, sees O_DIRECT then, and refuses it. */
extern int refuses_direct;
/* Transfers are told to be whole, and aren't made. */
extern int transfers_faked;

/* Undoes all of it, and counts from 0. */
void inject_nothing(void);

#endif
