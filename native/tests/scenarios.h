/* What the tests do with a file while calls to the kernel fail. */
#ifndef S3DLIO_TESTS_SCENARIOS_H
#define S3DLIO_TESTS_SCENARIOS_H

#include <stdint.h>

struct scenario {
    const char *name;
    int64_t expected; /* what act returns where nothing fails */
    void (*prepare)(void);
    int64_t (*act)(void);
    void (*verify)(void); /* after an act that succeeded */
};

extern const struct scenario scenarios[];
extern const int scenario_count;

/* Makes the file and the memory of them all; once. */
void scenarios_start(void);

/* Acts while the call with this number, and failing_count - 1 after it, fail with this error. */
int64_t scenario_run(const struct scenario *scenario, int call, int count, int error);

/* How many calls to the kernel a scenario takes where none fails. */
int scenario_calls(const struct scenario *scenario);

/* Whether nobody has a lock on the file. */
int file_is_unlocked(void);

#endif
