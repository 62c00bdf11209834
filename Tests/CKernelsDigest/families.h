// The kernels by family: each function runs all of a family on drawn inputs and hashes what they gave.
#pragma once
#include "material.h"

void dense_products(const ck_kernels *k, taste how);
void thin_products(const ck_kernels *k, taste how);
void activations(const ck_kernels *k, taste how);
void gates_and_slopes(const ck_kernels *k, taste how);
void normalizations(const ck_kernels *k, taste how);
void blends(const ck_kernels *k, taste how);
void losses(const ck_kernels *k, taste how);
void optimizers(const ck_kernels *k, taste how);
void plain_functions(const ck_kernels *k, taste how);
/// To bfloat16 and back.
void rounding(const ck_kernels *k, taste how);
/// Members of the recipe, and how records become their inputs.
void recipes(const ck_kernels *k, taste how);
/// Kernels without a level; the table is not used.
void tables(const ck_kernels *k, taste how);
