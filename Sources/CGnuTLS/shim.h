#pragma once
#include <gnutls/gnutls.h>
#include <gnutls/crypto.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <string.h>

// Gives a datum a copy of some bytes, in memory that the library frees: it asks for it through a variable of its own.
static inline int retrain_gnutls_datum_set(gnutls_datum_t *datum, const void *bytes, unsigned count) {
  datum->data = gnutls_malloc(count);
  if (datum->data == NULL) return GNUTLS_E_MEMORY_ERROR;
  memcpy(datum->data, bytes, count);
  datum->size = count;
  return 0;
}

// What the library made is given back by a variable of its own, too.
static inline void retrain_gnutls_datum_free(gnutls_datum_t *datum) { gnutls_free(datum->data); }
