#pragma once
#include <cstddef>
#include <cstdint>

/// Reads the bytes as a record in every way there is, and ends the program where two ways, or the plain reading, differ.
void check(const uint8_t *bytes, size_t length);

/// How many ways there are, told once.
size_t announce();
