import Foundation

/// The time zones that there are, by the names of the IANA.
enum TimeZoneNames {
  /// Those that a person may have meant.
  static let all = TimeZone.knownTimeZoneIdentifiers + ["UTC"]

  /// Also the older names, such as `US/Pacific`, and `Etc/GMT+5`; no abbreviations, which mean several zones.
  static func exists(_ name: String) -> Bool {
    all.contains(name) || (name.contains("/") && TimeZone(identifier: name) != nil)
  }

  static func near(_ name: String) -> String? {
    // People know the city, and not always the continent.
    let city = name.split(separator: "/").last.map { $0.lowercased() }
    return nearest(to: name, among: all)
      ?? all.first { $0.split(separator: "/").last?.lowercased() == city?.replacing(" ", with: "_") }
  }
}

extension ValueKind where Value == String {
  /// A time zone by its name.
  static let timeZone = ValueKind(
    expects: "a time zone of the IANA, such as Europe/Berlin or UTC", schema: [.init("type", .text("string"))],
    read: { node, path, reader in
      var remedy = "write a name of the IANA, such as Europe/Berlin, or UTC"
      switch node.content {
      case .unreadable: return nil
      case .scalar(let scalar) where TimeZoneNames.exists(scalar.text): return scalar.text
      case .scalar(let scalar):
        if let near = TimeZoneNames.near(scalar.text) { remedy = "did you mean \(near)?" }
        reader.note(at: node.place, "\(path) is \(node.summary), and no time zone has that name", remedy)
        return nil
      default: break
      }
      reader.note(at: node.place, "\(path) is \(node.summary)", remedy)
      return nil
    }, write: { .text($0) })
}
