import CJSON
import Pipelines

extension FieldTable {
  /// nil: no memory, or the CPU cannot read that way. The shim copies every text and table.
  func makeDecoder(recordBytesMax: Int, by way: RecordDecoder.Way) -> OpaquePointer? {
    var fields = fields
    let texts = CStrings(paths + values.flatMap { $0 })
    let parts = CArray(parts.flatMap { $0.map(\.code) })
    let members = CArray(members.flatMap(\.self))
    let zones = zones.map { zone in zone.map { (starts: CArray($0.starts), offsets: CArray($0.offsets)) } }
    return withExtendedLifetime((texts, parts, members, zones)) {
      var (text, part, member) = (paths.count, 0, 0)
      for index in fields.indices {
        fields[index].path = texts.pointers[index]
        fields[index].values = texts.all.pointer.map { UnsafePointer($0) + text }
        fields[index].value_count = UInt32(values[index].count)
        text += values[index].count
        fields[index].parts = parts.pointer.map { UnsafePointer($0) + part }
        fields[index].part_count = UInt32(self.parts[index].count)
        part += self.parts[index].count
        fields[index].members = members.pointer.map { UnsafePointer($0) + member }
        fields[index].member_count = UInt32(self.members[index].count)
        member += self.members[index].count
        guard let zone = zones[index] else { continue }
        fields[index].zone_starts = UnsafePointer(zone.starts.pointer)
        fields[index].zone_offsets = UnsafePointer(zone.offsets.pointer)
        fields[index].zone_count = UInt32(zone.starts.count)
      }
      var options = cjson_options()
      options.record_bytes_max = recordBytesMax
      options.by_tokens = way.byTokens
      options.normalize = normalizedText
      options.fold = foldedText
      guard let name = way.implementation else { return cjson_create(fields, fields.count, &options) }
      return name.withCString { name in
        options.implementation = name
        return cjson_create(fields, fields.count, &options)
      }
    }
  }
}

extension FeatureSettings.Norm {
  /// As the shim has it.
  var code: Int {
    switch self {
    case .none: CJSON_NORM_NONE
    case .l1: CJSON_NORM_L1
    case .l2: CJSON_NORM_L2
    }
  }
}

extension TimeUnit {
  /// As the shim has it.
  var code: Int32 {
    switch self {
    case .auto: Int32(CJSON_UNIT_AUTO)
    case .seconds: Int32(CJSON_UNIT_SECONDS)
    case .milliseconds: Int32(CJSON_UNIT_MILLISECONDS)
    case .microseconds: Int32(CJSON_UNIT_MICROSECONDS)
    case .nanoseconds: Int32(CJSON_UNIT_NANOSECONDS)
    }
  }
}

extension TimePart {
  /// As the shim has it.
  fileprivate var code: Int32 {
    switch self {
    case .minute: Int32(CJSON_PART_MINUTE)
    case .hour: Int32(CJSON_PART_HOUR)
    case .hourOfWeek: Int32(CJSON_PART_HOUR_OF_WEEK)
    case .weekday: Int32(CJSON_PART_WEEKDAY)
    case .dayOfMonth: Int32(CJSON_PART_DAY_OF_MONTH)
    case .dayOfYear: Int32(CJSON_PART_DAY_OF_YEAR)
    case .month: Int32(CJSON_PART_MONTH)
    }
  }
}

/// Values at an address, for as long as this lives.
private final class CArray<Element> {
  let pointer: UnsafeMutablePointer<Element>?
  let count: Int

  init(_ values: [Element]) {
    count = values.count
    pointer = values.isEmpty ? nil : .allocate(capacity: values.count)
    for (place, value) in values.enumerated() { pointer?.advanced(by: place).initialize(to: value) }
  }

  deinit {
    pointer?.deinitialize(count: count)
    pointer?.deallocate()
  }
}

/// Texts as C strings, for as long as this lives.
private final class CStrings {
  let pointers: [UnsafePointer<CChar>?]
  let all: CArray<UnsafePointer<CChar>?>

  init(_ texts: [String]) {
    pointers = texts.map { text in
      text.withCString { source in
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: text.utf8.count + 1)
        copy.update(from: source, count: text.utf8.count + 1)
        return UnsafePointer(copy)
      }
    }
    all = CArray(pointers)
  }

  deinit { for pointer in pointers { pointer?.deallocate() } }
}
