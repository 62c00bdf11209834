package import Foundation
package import Pipelines

/// A record's own id, where `schema.id` says where it stands.
package enum RecordIdentity {
  /// - Parameters:
  ///   - path: `FeatureSchema.id`.
  ///   - record: One JSON object, or what is left of one.
  /// - Returns: The text or number there; nil: there is none, or the record cannot be read.
  package static func text(at path: FieldPath, in record: Data) -> String? {
    var value = try? JSONSerialization.jsonObject(with: record)
    for key in path.keys { value = (value as? [String: Any])?[key] }
    switch value {
    case let text as String: return text
    case let number as NSNumber: return number.stringValue
    default: return nil
    }
  }
}
