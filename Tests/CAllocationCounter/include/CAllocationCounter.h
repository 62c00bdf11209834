// Counts how often one thread of a test program asks for memory.
#pragma once
#include <stdint.h>

/// Counts this thread's allocations from now on; one thread at a time.
void allocation_counting_begin(void);
/// Stops, and answers how many there were.
int64_t allocation_counting_end(void);
