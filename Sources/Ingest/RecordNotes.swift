public import Pipelines
import Vocabulary

/// What a person should know of a record that was predicted: which features it has, and what became of their values.
public struct RecordNotes: Sendable {
  private let features: [FeatureSettings]
  private let paths: Set<String>
  /// Those that have a value in a record.
  private let readCount: Int

  /// So many features are named; the others are counted.
  private static let namedMax = 8

  public init(_ schema: FeatureSchema) {
    features = schema.features
    paths = Set(schema.features.filter(\.isRead).map(\.path))
    readCount = schema.features.count(where: \.isRead)
  }

  /// Whether the record had no feature at all: it is hardly meant as one.
  public func foundNone(_ marks: FieldMarks) -> Bool {
    var missing = 0
    marks.forEachMissing { if $0 < features.count { missing += 1 } }
    return missing == readCount
  }

  /// A sentence for what is absent, and one for each value that was clipped or is not known.
  ///
  /// - Parameters:
  ///   - marks: Of the record that was decoded last.
  ///   - record: Nil: it is not taken apart, which takes longer than to predict it; absent features are no news then.
  public func sentences(_ marks: FieldMarks, record: UnsafeRawBufferPointer?) -> [String] {
    guard !marks.isEmpty else { return [] }
    let keys = record.flatMap { RecordKeys($0) }
    var absent: [FeatureSettings] = []
    var sentences: [String] = []
    marks.forEach { field, notice in
      guard field < features.count else { return }
      let feature = features[field]
      switch notice {
      case .missing: absent.append(feature)
      case .clipped: sentences.append(clipped(feature, keys))
      case .unknown: sentences.append(unknown(feature, keys))
      case .rejected, .wild, .delayed: break
      }
    }
    if record != nil, !absent.isEmpty { sentences.insert(self.absent(absent, keys), at: 0) }
    return sentences
  }

  private func absent(_ absent: [FeatureSettings], _ keys: RecordKeys?) -> String {
    let named = absent.prefix(Self.namedMax).map { feature in
      let near = keys?.near(feature.path, except: paths) ?? []
      let facts =
        (feature.path == feature.name ? [] : [feature.path])
        + (near.isEmpty ? [] : ["near it: \(near.joined(separator: ", "))"])
      return feature.name + (facts.isEmpty ? "" : " (\(facts.joined(separator: "; ")))")
    }
    let more = absent.count > named.count ? " and \(absent.count - named.count) more" : ""
    return "\(readCount - absent.count) of \(readCount) features found; absent: "
      + named.joined(separator: ", ") + more
  }

  private func clipped(_ feature: FeatureSettings, _ keys: RecordKeys?) -> String {
    if feature.type == .text { return "\(feature.name) was cut: it has more words than keys_max, \(feature.keysMax)" }
    guard feature.type != .map, let clip = feature.clip else { return "\(feature.name) was clipped" }
    guard let text = keys?.texts(at: feature.path).first, let value = Double(text) else {
      let range = "\(Self.text(clip.lowerBound)) to \(Self.text(clip.upperBound))"
      return "\(feature.name) was clipped to its range of \(range)"
    }
    let bound = value > clip.upperBound ? clip.upperBound : clip.lowerBound
    return "\(feature.name): \(RecordKeys.shown(text)) was clipped to \(Self.text(bound))"
  }

  private func unknown(_ feature: FeatureSettings, _ keys: RecordKeys?) -> String {
    let strangers = keys?.texts(at: feature.path).filter { !feature.values.contains($0) } ?? []
    guard let stranger = strangers.first else { return "\(feature.name) is none of the known values" }
    let near = nearest(to: stranger, among: feature.values).map { " (near: \($0))" } ?? ""
    return "\(feature.name): '\(RecordKeys.shown(stranger))' is none of the known values\(near)"
  }

  static func text(_ value: Double) -> String {
    abs(value) < 1e15 && value == value.rounded() ? String(Int64(value)) : String(value)
  }
}
