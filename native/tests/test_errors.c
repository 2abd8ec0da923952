/* Description: an error of any call is told as it is, leaves no lock, and doesn't stay. */
#include "check.h"
#include "inject.h"
#include "scenarios.h"

static void told(const struct scenario *scenario, int call, int error) {
    const int64_t result = scenario_run(scenario, call, 1, error);
    if (result != -error)
        fprintf(stderr, "%s, call %d, %s\n", scenario->name, call, strerror(error));
    CHECK_SAME(-error, result);
}

int main(void) {
    const int errors[] = {EIO, ENOSPC, EFBIG, EDQUOT};
    scenarios_start();
    for (int i = 0; i < scenario_count; i++) {
        const int calls = scenario_calls(&scenarios[i]);
        for (int call = 1; call <= calls; call++) {
            for (size_t j = 0; j < sizeof errors / sizeof errors[0]; j++)
                told(&scenarios[i], call, errors[j]);
            const int locked = !file_is_unlocked();
            CHECK_SAME(scenarios[i].expected, scenario_run(&scenarios[i], 0, 0, 0));
            scenarios[i].verify();
            CHECK(!locked || file_is_unlocked());
        }
    }
    return EXIT_SUCCESS;
}
