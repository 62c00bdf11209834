#pragma once
#include <memory>
#include <string>
#include <vector>

#include "CJSON.h"

// Schemas with keys and fields of every kind.

/// A declared place, as it is given to the decoder and to the plain reading.
struct Place {
  std::vector<std::string> path;
  cjson_field field = {};
  std::vector<std::string> values;
  std::vector<int32_t> parts;
  std::vector<cjson_member> members;
  std::vector<int64_t> zoneStarts;
  std::vector<int32_t> zoneOffsets;

  Place(std::vector<std::string> path, int32_t kind) : path(std::move(path)) {
    field.kind = kind;
    field.buckets = 64;
  }
  Place range(double low, double high, bool rejects = false) && {
    field.has_range = true, field.low = low, field.high = high, field.rejects_out_of_range = rejects;
    return std::move(*this);
  }
  Place missing(int32_t missing, double value = 0) && {
    field.missing = missing, field.missing_value = value;
    return std::move(*this);
  }
  Place known(std::vector<std::string> texts, int32_t unknown) && {
    values = std::move(texts), field.unknown = unknown;
    return std::move(*this);
  }
  Place finds(uint32_t most) && { return field.found_max = most, std::move(*this); }
  Place slots(uint32_t count) && { return field.slots = count, std::move(*this); }
  Place hashes() && { return field.gives_hashes = true, std::move(*this); }
  Place unit(int32_t unit) && { return field.unit = unit, std::move(*this); }
  Place origin(double origin) && { return field.origin = origin, std::move(*this); }
  Place withParts(std::vector<int32_t> wanted, std::vector<int64_t> starts, std::vector<int32_t> offsets) && {
    parts = std::move(wanted), zoneStarts = std::move(starts), zoneOffsets = std::move(offsets);
    return std::move(*this);
  }
  Place rows(uint32_t most, int32_t norm, uint32_t ngrams = 1) && {
    field.slots = most, field.norm = norm, field.ngrams = ngrams;
    return std::move(*this);
  }
  Place count() && { return field.is_count = true, std::move(*this); }
  Place of(std::vector<cjson_member> wanted) && { return members = std::move(wanted), std::move(*this); }
  Place coerced() && { return field.coerces = true, std::move(*this); }
};

struct Schema {
  std::vector<Place> places;
  int32_t numbers = 0, categories = 0, labels = 0, bags = 0;

  explicit Schema(std::vector<Place> given) : places(std::move(given)) {
    for (Place &place : places) {
      switch (place.field.kind) {
        case CJSON_NUMBER: case CJSON_BOOLEAN: case CJSON_TIMESTAMP:
          place.field.column = numbers++;
          place.field.part_column = categories;
          categories += int32_t(place.parts.size());
          break;
        case CJSON_CATEGORY: case CJSON_CROSS:
          place.field.column = categories;
          categories += (place.field.slots > 1 ? place.field.slots : 1) * (place.field.gives_hashes ? 2 : 1);
          break;
        case CJSON_MAP: case CJSON_TEXT: place.field.column = bags++; break;
        case CJSON_LABEL_BINARY: case CJSON_LABEL_CLASS: case CJSON_LABEL_VALUE: place.field.column = labels++; break;
        default: break;
      }
    }
  }

  cjson_decoder *make(const cjson_options &options) const {
    std::vector<cjson_field> fields;
    std::vector<std::string> paths;
    std::vector<std::vector<const char *>> values;
    for (const Place &place : places) {
      std::string path;
      for (const std::string &key : place.path) path += (path.empty() ? "" : std::string(1, char(CJSON_SEPARATOR))) + key;
      paths.push_back(path);
      values.emplace_back();
      for (const std::string &value : place.values) values.back().push_back(value.c_str());
      fields.push_back(place.field);
    }
    for (size_t i = 0; i < fields.size(); i++) {
      fields[i].path = paths[i].c_str();
      fields[i].values = values[i].data();
      fields[i].value_count = uint32_t(values[i].size());
      fields[i].parts = places[i].parts.data();
      fields[i].part_count = uint32_t(places[i].parts.size());
      fields[i].members = places[i].members.data();
      fields[i].member_count = uint32_t(places[i].members.size());
      fields[i].zone_starts = places[i].zoneStarts.data();
      fields[i].zone_offsets = places[i].zoneOffsets.data();
      fields[i].zone_count = uint32_t(places[i].zoneStarts.size());
    }
    return cjson_create(fields.data(), fields.size(), &options);
  }
};

inline const std::vector<Schema> &schemas() {
  static const std::vector<Schema> all = {
      // Plain numbers and what is most often beside them, flat and nested.
      Schema({
          Place({"x", "a"}, CJSON_NUMBER),
          Place({"x", "b"}, CJSON_NUMBER).range(-1.5, 6000),
          Place({"x", "c"}, CJSON_CATEGORY),
          Place({"x", "c"}, CJSON_CATEGORY).hashes(),
          Place({"x", "d"}, CJSON_BOOLEAN),
          Place({"a"}, CJSON_NUMBER).missing(CJSON_MISSING_VALUE, 7),
          Place({"b"}, CJSON_NUMBER).range(0.1, 0.7, true),
          Place({"o", "p", "q"}, CJSON_NUMBER),
          Place({"y"}, CJSON_LABEL_BINARY),
          Place({"t"}, CJSON_LABEL_TIME),
          Place({"w"}, CJSON_WEIGHT).range(0, 1e6),
      }),
      // Keys that are no pattern: long ones, with quotes, backslashes, dots and other scripts; several fields of a key.
      Schema({
          Place({"a_feature_with_a_name_beyond_25"}, CJSON_NUMBER),
          Place({"q\"uote"}, CJSON_NUMBER),
          Place({"back\\slash"}, CJSON_NUMBER),
          Place({"x.a"}, CJSON_NUMBER),
          Place({"a"}, CJSON_NUMBER).range(-10, 10),
          Place({"a"}, CJSON_CATEGORY),
          Place({"\xC3\xA9"}, CJSON_NUMBER),
          Place({"list"}, CJSON_CATEGORY).slots(3),
          Place({"list"}, CJSON_CATEGORY).slots(4).known({"u"}, CJSON_UNKNOWN_HASH).hashes(),
          Place({"list"}, CJSON_CATEGORY).slots(2).known({"u", "v"}, CJSON_UNKNOWN_MISSING).coerced(),
          Place({"twenty_five_letters_long_"}, CJSON_CATEGORY).known({"x", "\xC3\xA9", "1"}, CJSON_UNKNOWN_REJECT),
          Place({"t"}, CJSON_EVENT_TIME).unit(CJSON_UNIT_SECONDS),
          Place({"t"}, CJSON_TIMESTAMP).unit(CJSON_UNIT_MILLISECONDS).origin(1e9),
          Place({"y"}, CJSON_LABEL_CLASS).known({"0", "1", "true", "late"}, 0),
          Place({"y"}, CJSON_LABEL_CLASS).known({"0"}, 0).finds(1 << 20),
          Place({"another_feature_with_a_long_name", "\b"}, CJSON_LABEL_VALUE).count(),
      }),
      // Values in other clothes.
      Schema({
          Place({"a"}, CJSON_NUMBER).coerced(),
          Place({"b"}, CJSON_NUMBER).coerced().range(-10, 10).origin(2),
          Place({"d"}, CJSON_BOOLEAN).coerced().missing(CJSON_MISSING_REJECT),
          Place({"c"}, CJSON_CATEGORY).coerced().known({"true", "0.5"}, CJSON_UNKNOWN_HASH),
          Place({"t"}, CJSON_EVENT_TIME).coerced(),
          Place({"u"}, CJSON_TIMESTAMP).unit(CJSON_UNIT_NANOSECONDS).range(-1e9, 3e9),
          Place({"y"}, CJSON_LABEL_BINARY).coerced(),
          Place({"z"}, CJSON_LABEL_VALUE).coerced(),
          Place({"l"}, CJSON_LABEL_VALUE).coerced().range(-2, 1e3),
          Place({"l"}, CJSON_LABEL_VALUE).coerced().range(0, 5).count(),
          Place({"r", "l"}, CJSON_LABEL_VALUE).range(-0.5, 2.5, true),
          Place({"w"}, CJSON_WEIGHT).coerced().range(0, 1e6),
          Place({"y"}, CJSON_LABEL_CLASS).coerced().finds(1 << 20),
      }),
      // Times, with the parts of two calendars.
      Schema({
          Place({"t"}, CJSON_TIMESTAMP).withParts(
              {CJSON_PART_MINUTE, CJSON_PART_HOUR, CJSON_PART_HOUR_OF_WEEK, CJSON_PART_WEEKDAY, CJSON_PART_DAY_OF_MONTH,
               CJSON_PART_DAY_OF_YEAR, CJSON_PART_MONTH}, {}, {}),
          Place({"c"}, CJSON_CATEGORY).slots(2),
          Place({"u"}, CJSON_TIMESTAMP).origin(1.7e9).coerced().missing(CJSON_MISSING_VALUE, 1e9).withParts(
              {CJSON_PART_HOUR, CJSON_PART_DAY_OF_YEAR}, {INT64_MIN, -1000, 1364691600, 1382835600},
              {3208, 3600, 7200, -3600}),
          Place({"x", "a"}, CJSON_TIMESTAMP).range(-1e12, 1e12).withParts({CJSON_PART_MONTH}, {0}, {86399}),
          Place({"y"}, CJSON_LABEL_BINARY),
      }),
      // Maps and texts, alone and with others of their key.
      Schema({
          Place({"a"}, CJSON_NUMBER),
          Place({"m"}, CJSON_MAP).rows(3, CJSON_NORM_NONE),
          Place({"x", "m"}, CJSON_MAP).rows(64, CJSON_NORM_L2).coerced().missing(CJSON_MISSING_REJECT),
          Place({"n"}, CJSON_MAP).rows(8, CJSON_NORM_L1).range(-2, 5),
          Place({"n"}, CJSON_MAP).rows(8, CJSON_NORM_L2).range(-2, 5, true),
          Place({"s"}, CJSON_TEXT).rows(64, CJSON_NORM_L2, 2),
          Place({"u"}, CJSON_TEXT).rows(4, CJSON_NORM_NONE, 3).coerced(),
          Place({"u"}, CJSON_CATEGORY),
          Place({"y"}, CJSON_LABEL_BINARY),
      }),
      // Crosses of all that they can be made of, before it and behind it.
      Schema({
          Place({}, CJSON_CROSS).of({{2, 0}, {3, 0}}),
          Place({}, CJSON_CROSS).of({{6, 1}, {2, 0}, {5, 0}, {4, 0}}).hashes(),
          Place({"x", "c"}, CJSON_CATEGORY).known({"v", "1"}, CJSON_UNKNOWN_MISSING).coerced(),
          Place({"u"}, CJSON_CATEGORY).known({"v"}, CJSON_UNKNOWN_HASH).hashes(),
          Place({"a"}, CJSON_NUMBER).range(-1.5, 6000),
          Place({"d"}, CJSON_BOOLEAN).missing(CJSON_MISSING_VALUE, 1),
          Place({"t"}, CJSON_TIMESTAMP).withParts({CJSON_PART_MINUTE, CJSON_PART_HOUR}, {}, {}),
          Place({}, CJSON_CROSS).of({{3, 0}, {4, 0}}).hashes(),
          Place({"list"}, CJSON_CATEGORY).slots(2),
          Place({"y"}, CJSON_LABEL_BINARY),
      }),
  };
  return all;
}
