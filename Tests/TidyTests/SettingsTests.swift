import Foundation
import Testing

/// A setting that does nothing is a defect: a person would believe it.
@Suite("Settings")
struct SettingsTests {
  /// Keys that are read by nobody yet, each with its reason. To be as short as it can be.
  private static let unread = [
    "schema.id": "a place that no feature and no label may overlap; what is to be known by it is not built yet"
  ]

  /// Names that many types have: of these the whole expression counts.
  private static let owned = ["id": "schema.id"]

  @Test("every key of a pipeline reaches something other than the parser") func everyKeyIsRead() throws {
    let key = try Regex(
      #"Key\(\s*"([a-z0-9_]+)",\s*\\[A-Za-z]*\.([A-Za-z0-9.]+)"#, as: (Substring, Substring, Substring).self)
    let rooms = SourceTree.sources.filter { $0.room != "Pipelines" }.map(\.text)
    /// Every name that follows `prefix` somewhere.
    func names(after prefix: String) -> Set<String> {
      Set(
        rooms.flatMap { text in
          text.components(separatedBy: prefix).dropFirst().map { rest in
            String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
          }
        })
    }
    let members = names(after: ".")
    let ofSchema = names(after: "schema.")
    var count = 0
    // A contract says the same keys once more, under names of its own.
    for file in SourceTree.sources where file.room == "Pipelines" && !"\(file)".contains("/Contract/") {
      for match in file.text.matches(of: key) {
        count += 1
        let property = String(match.output.2.split(separator: ".").last ?? "")
        if let whole = Self.owned[property] {
          #expect(ofSchema.contains(property) == (Self.unread[whole] == nil), "\(whole)")
          continue
        }
        // What has a default that depends on other keys is read through it.
        let effective: String = "effective" + property.prefix(1).uppercased() + String(property.dropFirst())
        #expect(
          members.contains(property) || members.contains(effective), "\(match.output.1) in \(file) is read by nobody")
      }
    }
    #expect(count > 100, "\(count) keys were found")
  }
}
