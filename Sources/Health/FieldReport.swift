/// What happened to the values of each declared field, over the lineage and since the checkpoint before: of the whole group,
/// for the records of agreed steps only, so the same whatever the number of workers.
///
/// Counted are records: a list of which three values are unknown is one.
public struct FieldReport: Sendable, Hashable, Codable {
  /// Records of a span and how many of them were so.
  public struct Counts: Sendable, Hashable, Codable {
    /// Records that were kept: learned, or predicted only.
    public var records: Int64
    /// Absent or null.
    public var missing: Int64
    /// Outside the clip range.
    public var clipped: Int64
    /// Outside the known values.
    public var unknown: Int64
    /// Far outside the usual range, and taken as absent.
    public var wild: Int64

    public init(
      records: Int64 = 0, missing: Int64 = 0, clipped: Int64 = 0, unknown: Int64 = 0, wild: Int64 = 0
    ) {
      self.records = records
      self.missing = missing
      self.clipped = clipped
      self.unknown = unknown
      self.wild = wild
    }

    /// An older program's counts know no wild values.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      records = try container.decode(Int64.self, forKey: .records)
      missing = try container.decode(Int64.self, forKey: .missing)
      clipped = try container.decode(Int64.self, forKey: .clipped)
      unknown = try container.decode(Int64.self, forKey: .unknown)
      wild = try container.decodeIfPresent(Int64.self, forKey: .wild) ?? 0
    }

    public var isClean: Bool { missing == 0 && clipped == 0 && unknown == 0 && wild == 0 }
  }

  public struct Field: Sendable, Hashable, Codable {
    /// The feature's name; the path of a label or a time.
    public var name: String
    public var path: String
    public var isFeature: Bool
    /// It says how much the record counts; nil, as an older program writes it: it does not.
    public var isWeight: Bool?
    /// Since the field was first counted.
    public var total: Counts
    /// Since the checkpoint before.
    public var window: Counts
    /// Keys of a record that lacks the field which may have been meant, the nearest first.
    public var near: [String]
    /// A value far outside the usual range and where its record lies, as in `1e+20 at flights/2@4711`.
    public var wildExample: String?
    /// A category outside the known values, and the known one that it may be; nil: none was looked at.
    public var stranger: String?
    /// Of a category: which rows its values have; nil: it is none, or nobody has looked.
    public var values: ValueRows?
    /// Of a number that is standardised: by what; nil: it is none, or nobody has looked.
    public var scale: NumberScale?

    public init(
      name: String, path: String, isFeature: Bool, isWeight: Bool? = nil, total: Counts, window: Counts = Counts(),
      near: [String] = [], wildExample: String? = nil, stranger: String? = nil
    ) {
      self.name = name
      self.path = path
      self.isFeature = isFeature
      self.isWeight = isWeight
      self.total = total
      self.window = window
      self.near = near
      self.wildExample = wildExample
      self.stranger = stranger
    }
  }

  /// Records that were refused for one reason because of one field.
  public struct Rejection: Sendable, Hashable, Codable {
    /// nil: because of the record as a whole.
    public var field: String?
    /// `RejectReason.rawValue`.
    public var reason: String
    public var records: Int64
    /// Of them, those since the checkpoint before.
    public var window: Int64 = 0
    /// A value that was refused and where its record lies, as in `"1.28" at flights/2@4711`.
    public var example: String?

    public init(field: String?, reason: String, records: Int64, window: Int64 = 0, example: String? = nil) {
      self.field = field
      self.reason = reason
      self.records = records
      self.window = window
      self.example = example
    }

    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      field = try container.decodeIfPresent(String.self, forKey: .field)
      reason = try container.decode(String.self, forKey: .reason)
      records = try container.decode(Int64.self, forKey: .records)
      window = try container.decodeIfPresent(Int64.self, forKey: .window) ?? 0
      example = try container.decodeIfPresent(String.self, forKey: .example)
    }

    /// `price: 312 × wrong_type, e.g. "1.28" at flights/2@4711`, with the number as `count` writes it.
    public func sentence(count: (Int64) -> String) -> String {
      (field.map { "\($0): " } ?? "") + "\(count(records)) × \(reason)" + (example.map { ", e.g. \($0)" } ?? "")
    }
  }

  /// How long after their events labels became known.
  public struct Delays: Sendable, Hashable, Codable {
    /// Since counting began.
    public var total = DelaySketch()
    /// Since the checkpoint before.
    public var window = DelaySketch()

    public init() {}
  }

  /// Records that were kept since counting began.
  public var records: Int64
  /// In the order of the schema.
  public var fields: [Field]
  /// The most frequent first.
  public var rejections: [Rejection]
  /// nil: no record has said yet when its event was and when its label became known.
  public var delays: Delays?

  public init(records: Int64 = 0, fields: [Field] = [], rejections: [Rejection] = []) {
    self.records = records
    self.fields = fields
    self.rejections = rejections
  }

  public func rejected(because field: String) -> Int64 {
    rejections.reduce(0) { $0 + ($1.field == field ? $1.records : 0) }
  }

  /// The primary head's label, which comes behind the features.
  public var label: Field? { fields.first { !$0.isFeature } }

  /// The same, with what is known of categories' values and of numbers' scales.
  public func with(_ values: [ValueRows], _ scales: [NumberScale] = []) -> FieldReport {
    var report = self
    let known = Dictionary(values.map { ($0.feature, $0) }) { first, _ in first }
    let measured = Dictionary(scales.map { ($0.feature, $0) }) { first, _ in first }
    for place in report.fields.indices where report.fields[place].isFeature {
      report.fields[place].values = known[report.fields[place].name]
      report.fields[place].scale = measured[report.fields[place].name]
    }
    return report
  }

  /// Without the fields of which there is nothing to tell.
  public var withoutCleanFields: FieldReport {
    var report = self
    report.fields = fields.filter { !$0.total.isClean }
    return report
  }
}
