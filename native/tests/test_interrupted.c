/* Description: a call that a signal interrupts is made again, whichever it is. */
#include "check.h"
#include "inject.h"
#include "scenarios.h"

int main(void) {
    scenarios_start();
    for (int i = 0; i < scenario_count; i++) {
        const int calls = scenario_calls(&scenarios[i]);
        for (int call = 1; call <= calls; call++) {
            for (int count = 1; count <= 100; count += 99) {
                const int64_t result = scenario_run(&scenarios[i], call, count, EINTR);
                if (result != scenarios[i].expected)
                    fprintf(stderr, "%s, call %d of %d\n", scenarios[i].name, call, calls);
                CHECK_SAME(scenarios[i].expected, result);
                CHECK_SAME(calls + count, call_count);
                scenarios[i].verify();
            }
        }
    }
    return EXIT_SUCCESS;
}
