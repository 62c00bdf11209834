#pragma once
#include <curl/curl.h>

/* curl_easy_setopt and curl_easy_getinfo are variadic, which Swift does not import. */
static inline void retrain_curl_set_number(CURL *call, CURLoption option, long value) {
  curl_easy_setopt(call, option, value);
}

static inline void retrain_curl_set_size(CURL *call, CURLoption option, curl_off_t value) {
  curl_easy_setopt(call, option, value);
}

/* The library copies the text; of what may hold zeros the size must have been told before. */
static inline void retrain_curl_set_bytes(CURL *call, CURLoption option, const void *bytes) {
  curl_easy_setopt(call, option, bytes);
}

/* The list stays the caller's, and must outlive the call. */
static inline void retrain_curl_set_list(CURL *call, CURLoption option, struct curl_slist *list) {
  curl_easy_setopt(call, option, list);
}

/* What takes the head's lines and what takes the body; each says how much it took, and less than all ends the call. */
static inline void retrain_curl_receive(
    CURL *call, curl_write_callback head, curl_write_callback body, void *context) {
  curl_easy_setopt(call, CURLOPT_HEADERFUNCTION, head);
  curl_easy_setopt(call, CURLOPT_HEADERDATA, context);
  curl_easy_setopt(call, CURLOPT_WRITEFUNCTION, body);
  curl_easy_setopt(call, CURLOPT_WRITEDATA, context);
}

static inline long retrain_curl_number(CURL *call, CURLINFO what) {
  long value = 0;
  curl_easy_getinfo(call, what, &value);
  return value;
}
