#pragma once
// JSON records becoming feature values in one pass: simdjson finds the tokens and checks UTF-8 (stage 1, vectorised for
// the CPU at hand), a walker compiled from the schema checks the grammar of the whole record and writes each declared
// value straight into its place. A fast path goes by characters where the CPU has AVX2; it refuses nothing itself, so
// that there is one grammar. `Tests/CJSONFuzz` holds all ways of reading against each other and against a plain parser.
//
// A decoder belongs to one thread at a time. Nothing here allocates while decoding, unless a record, or a text that is
// not in Normalization Form C, is larger than any before it.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cjson_decoder cjson_decoder;

/// What a declared place holds.
enum {
  CJSON_NUMBER,        // a number → numbers[column]
  CJSON_BOOLEAN,       // true, false, 1, 0 → numbers[column]
  CJSON_TIMESTAMP,     // a time since 1970 or ISO 8601 → numbers[column], in seconds; its parts → categories
  CJSON_CATEGORY,      // text or a whole number → categories[column]; with several slots also a list of them
  CJSON_EVENT_TIME,    // a time since 1970 or ISO 8601 → *event_time, in seconds; must be there
  CJSON_LABEL_TIME,    // the same, given by `cjson_label_time`; may be absent
  CJSON_LABEL_BINARY,  // 0, 1, true, false → labels[column]
  CJSON_LABEL_CLASS,   // one of `values`, as a category → labels[column] is its index
  CJSON_LABEL_VALUE,   // a number, clipped or refused outside its range; a count is not below 0 → labels[column]
  CJSON_WEIGHT,        // a number within `low` … `high` → *weight; absent: 1
  CJSON_MAP,           // an object of numbers, truths and texts → bag `column`: a row each, with the value as its weight
  CJSON_TEXT,          // text → bag `column`: a row for each token, and each run of up to `ngrams`, with their number
  CJSON_CROSS          // no value of its own: those of `members` together → categories[column], as a category
};

/// What an absent or null value becomes.
enum { CJSON_MISSING_IMPUTE, CJSON_MISSING_VALUE, CJSON_MISSING_REJECT };

/// What a category outside `values` becomes.
enum { CJSON_UNKNOWN_HASH, CJSON_UNKNOWN_MISSING, CJSON_UNKNOWN_REJECT };

/// What the weights of a bag are divided by: nothing, their magnitudes' sum, or the root of their squares' sum.
enum { CJSON_NORM_NONE, CJSON_NORM_L1, CJSON_NORM_L2 };

/// What a time that is a number counts. AUTO: the first of these in which it is of the years 1 to 9999.
enum { CJSON_UNIT_AUTO, CJSON_UNIT_SECONDS, CJSON_UNIT_MILLISECONDS, CJSON_UNIT_MICROSECONDS, CJSON_UNIT_NANOSECONDS };

/// Parts of a time, as categories: row 0 where it is absent, or outside the years 1 to 9999; then one row a value.
enum {
  CJSON_PART_MINUTE,        // 60 rows
  CJSON_PART_HOUR,          // 24
  CJSON_PART_HOUR_OF_WEEK,  // 168, from Monday at midnight on
  CJSON_PART_WEEKDAY,       // 7, from Monday on
  CJSON_PART_DAY_OF_MONTH,  // 31
  CJSON_PART_DAY_OF_YEAR,   // 366
  CJSON_PART_MONTH          // 12
};

/// What a cross combines: the value of a number, a boolean or a category that is no list, or a part of a timestamp.
typedef struct {
  int32_t field;  // its index
  int32_t part;   // timestamps: the place among its parts
} cjson_member;

enum { CJSON_MEMBERS_MAX = 4 };

/// What became of a record or a value.
enum {
  CJSON_OK,
  CJSON_MALFORMED,
  CJSON_INVALID_UTF8,
  CJSON_OVERSIZED,
  CJSON_NOT_AN_OBJECT,
  CJSON_WRONG_TYPE,
  CJSON_OVERFLOW,
  CJSON_OUT_OF_RANGE,
  CJSON_MISSING_FIELD,
  CJSON_UNKNOWN_CATEGORY,
  CJSON_BAD_LABEL,
  CJSON_BAD_TIME
};

/// Between the keys of a path.
enum { CJSON_SEPARATOR = 0x1F };

/// One declared place. Copied by `cjson_create`. Its texts are UTF-8 in Normalization Form C.
typedef struct {
  const char *path;  // keys from the outermost object in, with CJSON_SEPARATOR between them; crosses have none
  int32_t kind;
  int32_t column;
  int32_t missing;
  int32_t unknown;
  double missing_value;
  double low, high;  // the range, when has_range; both within float
  double origin;     // numbers and timestamps: subtracted in double precision before the value becomes a float
  int32_t unit;      // times
  const int32_t *parts;  // timestamps: CJSON_PART_… → categories[part_column], and on
  uint32_t part_count;
  int32_t part_column;
  const int64_t *zone_starts;    // ascending epoch seconds; the first counts as the beginning of time
  const int32_t *zone_offsets;   // seconds east of UTC from then on, within a day
  uint32_t zone_count;           // 0: UTC
  bool coerces;      // texts count as the numbers, truths and times that they spell; truths and fractions as categories
  bool has_range;
  bool rejects_out_of_range;  // else clipped
  bool is_count;              // label values: one below 0, after clipping, is none
  uint32_t buckets;           // categories and bags; ≥ 2
  uint32_t slots;             // categories: columns from `column` on, one a value of a list; 0 is 1. Bags: keys at most
  bool gives_hashes;          // categories: as many columns again behind those, as `cjson_decode` says
  int32_t norm;               // bags
  uint32_t ngrams;            // texts: 1 … 3
  const cjson_member *members;  // crosses: up to CJSON_MEMBERS_MAX
  uint32_t member_count;
  const char *const *values;  // categories and classes
  uint32_t value_count;
  uint32_t found_max;         // classes: so many texts of kept records become classes, after `values`; 0: none does
} cjson_field;

/// What happened to the values of one field so far; also those of records that were rejected for something else.
typedef struct {
  uint64_t clipped, imputed, unknown;
  uint64_t units[5];     // times that were numbers other than 0, by the CJSON_UNIT_… they were read in
  uint64_t late;         // of those read in seconds because nothing else is said: later than year 2200
  uint64_t early;        // of all: within a month of the beginning of 1970
  uint64_t large;        // numbers beyond ±2^24 that were looked at: a plain field's first thousands
  uint64_t blurred;      // of those: whole numbers that a float does not tell from their neighbours
  double large_low, large_high;  // the least and the greatest of them
} cjson_counts;

/// What happened to the value of one field in one record.
enum { CJSON_MARK_MISSING = 1, CJSON_MARK_CLIPPED = 2, CJSON_MARK_UNKNOWN = 4 };

/// Writes a text of UTF-8 in Normalization Form C to `out`, and returns its length; more than `room`: it cannot.
typedef size_t (*cjson_normalize)(const void *text, size_t length, void *out, size_t room);

/// Characters in a row that may join the one before them (combining marks): a text with more is not normalized. It is the
/// bound of Unicode Standard Annex 15, section 13, "Stream-Safe Text Format".
enum { CJSON_ROW_MAX = 30 };

/// How a decoder is to work.
typedef struct {
  size_t record_bytes_max;
  cjson_normalize normalize;   // NULL: texts are compared as they are
  cjson_normalize fold;        // a text's tokens in lower case, a space between two; NULL: all but ASCII are letters
  const char *implementation;  // simdjson's, by name; NULL: the fastest here
  bool by_tokens;              // no fast path: as on a CPU without AVX2
} cjson_options;

/// NULL: no memory, or this CPU lacks the implementation.
cjson_decoder *cjson_create(const cjson_field *fields, size_t field_count, const cjson_options *options);
void cjson_destroy(cjson_decoder *decoder);

/// Decodes one record of `length` bytes; nothing after them is read.
///
/// Where the outcome is not CJSON_OK, what the outputs hold means nothing, and *field is the place that caused it, or -1.
/// An absent label is NaN (where none is declared, labels[0] is); an absent number is NaN; an absent category is bucket 0
/// (in the first of its columns); a column of a list without a value is UINT32_MAX; no declared event time is NaN. `weight`
/// is written where one is declared; NULL: nobody wants it.
/// Where a field gives hashes, a value that would be hashed to a bucket is given as its hash instead: the low half in its
/// column, the high half, never 0, in the one `slots` further on, where 0 says that the column holds a bucket.
int32_t cjson_decode(
    cjson_decoder *decoder, const void *bytes, size_t length, float *numbers, uint32_t *categories, float *labels,
    double *event_time, float *weight, int32_t *field);

/// When the label of the record decoded last became known, in seconds since 1970; NaN: it does not say.
double cjson_label_time(const cjson_decoder *decoder);

/// The rows of a bag of the record decoded last, each once, and the weight of each; how many. An absent bag is row 0 with
/// weight 1. Valid until the next record or value.
size_t cjson_bag(const cjson_decoder *decoder, int32_t bag, const uint32_t **rows, const float **weights);

/// The value that the last record was refused for, as JSON, cut short after 64 bytes; empty where none was. Alive until the
/// next call.
const char *cjson_rejected(const cjson_decoder *decoder, size_t *length);

/// The rules of one numeric field applied to a number from elsewhere; NaN: absent. Infinities are overflows. `numbers` and
/// `categories` are those of a record, of which the field's columns are written.
int32_t cjson_number(
    cjson_decoder *decoder, int32_t field, double value, float *numbers, uint32_t *categories);
/// The same for a text: of a time, or of a field that takes what texts spell.
int32_t cjson_number_text(
    cjson_decoder *decoder, int32_t field, const void *text, size_t length, float *numbers, uint32_t *categories);
/// The rules of one category field applied to a text from elsewhere; NULL: absent.
int32_t cjson_category(cjson_decoder *decoder, int32_t field, const void *text, size_t length, uint32_t *bucket);

/// The rules of one map or text applied to a value from elsewhere, into its bag: JSON, or a text as it stands; NULL: absent.
int32_t cjson_map(cjson_decoder *decoder, int32_t field, const void *json, size_t length);
int32_t cjson_text(cjson_decoder *decoder, int32_t field, const void *text, size_t length);

/// Crosses of values from elsewhere. What a category said last: the hash of its value, never 0; 0: it was absent.
uint64_t cjson_said(const cjson_decoder *decoder, int32_t field);
/// What it is to have said, for the next cjson_cross.
void cjson_say(cjson_decoder *decoder, int32_t field, uint64_t said);
/// Writes the crosses of a record whose other columns are there, and whose categories have said their values.
void cjson_cross(cjson_decoder *decoder, const float *numbers, uint32_t *categories);

/// [field_count], alive as long as the decoder.
const cjson_counts *cjson_counters(const cjson_decoder *decoder);

/// The fields of the record decoded last to whose values something happened, each once; `marks` is by field. Both are valid
/// until the next record.
size_t cjson_marked(const cjson_decoder *decoder, const int32_t **fields, const uint8_t **marks);

/// The classes of a field, the given and those that were found, in the order of their numbers; and the text of one, which is
/// alive until the next record.
size_t cjson_class_count(const cjson_decoder *decoder, int32_t field);
const char *cjson_class(const cjson_decoder *decoder, int32_t field, size_t place, size_t *length);
/// A text becomes a class of a field that finds them, unless it is one.
void cjson_know_class(cjson_decoder *decoder, int32_t field, const char *text, size_t length);
/// No further class is found: a record with another text is refused.
void cjson_close_classes(cjson_decoder *decoder, int32_t field);
/// From now on such a record is kept, with -1 as its label.
void cjson_keep_others(cjson_decoder *decoder, int32_t field);

/// XXH64 with seed 0.
uint64_t cjson_hash(const void *bytes, size_t length);
/// The same as it is given in two halves.
uint64_t cjson_whole_hash(const void *bytes, size_t length);

/// Whether `length` bytes are a number by the grammar of RFC 8259.
bool cjson_is_number(const void *bytes, size_t length);

/// The text as decoders compare it; as cjson_normalize.
size_t cjson_normal_form(const void *text, size_t length, cjson_normalize normalize, void *out, size_t room);

/// The longest row of characters that may join the one before them; `is_json`: those that are escaped count too.
size_t cjson_longest_row(const void *text, size_t length, bool is_json);

/// Whether `length` bytes are UTF-8.
bool cjson_is_utf8(const void *bytes, size_t length);

/// The names of simdjson's implementations for this CPU, the fastest first; NULL: there are no more.
const char *cjson_implementation(size_t index);

#ifdef __cplusplus
}
#endif
