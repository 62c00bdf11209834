/// What a record holds and what becomes of each value: `schema:` of the pipeline file.
public struct FeatureSchema: Sendable, Hashable, Codable {
  /// `FieldPath` of the record's id; nil: records have none.
  public var id: String?
  /// `FieldPath` of the event time (since 1970, or ISO 8601); nil: none.
  public var eventTime: String?
  public var label: LabelSettings
  /// `FieldPath` of the time the label became known; nil: none.
  public var labelTime: String?
  /// `FieldPath` of how much the record counts; nil: each counts 1.
  public var weight: String?
  /// Of the event time, the label time, and the timestamps that say nothing else.
  public var timeUnit: TimeUnit = .auto
  /// Whether texts count as the numbers, truths and times that they spell; for the label, its time, the event time, and
  /// the features that say nothing else.
  public var coerce: Bool = false
  /// In the order of the file; never empty.
  public var features: [FeatureSettings]

  /// The largest weight: enough for any ratio of sampling, and no single record outweighs all others for good.
  public static let weightMax = 1e6

  public init(
    id: String? = nil, eventTime: String? = nil, label: LabelSettings, labelTime: String? = nil,
    features: [FeatureSettings]
  ) {
    self.id = id
    self.eventTime = eventTime
    self.label = label
    self.labelTime = labelTime
    self.features = features
  }

  /// The features that arrive as numbers (`float`, `bool`, `timestamp`), in order: the columns of a batch's numbers.
  public var numericFeatures: [FeatureSettings] { features.filter { $0.type.isNumeric } }
  /// The features of `type: category`, in order.
  public var categoryFeatures: [FeatureSettings] { features.filter { $0.type == .category } }
  /// All that the model reads through a table, in order: the categories, the crosses, and the parts of times.
  public var categoryInputs: [FeatureSettings] { features.flatMap(\.categoryInputs) }
  /// The features of which a record names any number of rows, each with a weight, in order: a batch's sparse inputs.
  public var sparseFeatures: [FeatureSettings] { features.filter(\.isSparse) }
  /// Columns of embeddings in a network's input.
  var embeddedWidth: Int { (categoryInputs + sparseFeatures).reduce(0) { $0 + $1.dimension } }
}

/// Where the label is and what it may be.
public struct LabelSettings: Sendable, Hashable, Codable {
  /// A `FieldPath`.
  public var path: String
  /// The class names, in the order of the outputs. Binary: none, or what counts 0 and what counts 1. Where they are found:
  /// those that the model has found so far, in that order.
  public var classes: [String] = []
  /// Multiclass: the names are not listed, but found as they come in the records.
  public var findsClasses = false
  /// The most that are found.
  public var classesMax = ClassNames.foundUsual
  /// Numbers: the values that are learned; nil: any finite float.
  public var clip: ClosedRange<Double>?
  /// What a value outside `clip` becomes.
  public var outOfRange: FeatureSettings.OutOfRange = .clip

  public init(path: String, classes: [String] = []) {
    self.path = path
    self.classes = classes
  }
}

/// One declared field.
public struct FeatureSettings: Sendable, Hashable, Codable {
  public enum FeatureType: String, Sendable, Hashable, Codable, CaseIterable {
    case float, category, bool, timestamp, map, text, cross

    public var isNumeric: Bool { [.float, .bool, .timestamp].contains(self) }
    /// Whether a record picks a row of a table by what it says, and not by how much: a category, or several together.
    public var isCategorical: Bool { self == .category || self == .cross }
  }
  /// What an absent or null value becomes.
  public enum Missing: Sendable, Hashable, Codable {
    /// The running mean for numbers; a bucket of its own for categories.
    case impute
    /// A given number (numbers only).
    case value(Double)
    /// The record is rejected.
    case reject
  }
  public enum OutOfRange: String, Sendable, Hashable, Codable, CaseIterable { case clip, reject }
  public enum UnknownCategory: String, Sendable, Hashable, Codable, CaseIterable { case hash, missing, reject }
  public enum Combine: String, Sendable, Hashable, Codable, CaseIterable { case sum, mean, squareRoot = "sqrtn" }
  /// What the weights of a record's rows are divided by: nothing, the sum of their magnitudes, or the root of the sum of
  /// their squares.
  public enum Norm: String, Sendable, Hashable, Codable, CaseIterable { case none, l1, l2 }
  public enum Normalize: String, Sendable, Hashable, Codable, CaseIterable { case standard, none }

  public var name: String
  /// `FieldPath` in the record; the default is the name.
  public var path: String
  public var type: FeatureType
  public var missing: Missing = .impute
  /// Timestamps: what a number counts; nil: what the schema says.
  public var unit: TimeUnit?
  /// Whether a text counts as the number, truth or time that it spells; nil: what the schema says.
  public var coerce: Bool?
  /// Numbers: subtracted in double precision before a value becomes a 32-bit float; nil: `originInForce`.
  public var origin: Double?
  /// Timestamps: what of the calendar is an input of its own.
  public var parts: [TimePart] = []
  /// Timestamps with parts: whose calendar, by the name of the IANA.
  public var timeZone: String = "UTC"
  /// Numbers: the values that are allowed; nil: any finite float.
  public var clip: ClosedRange<Double>?
  /// What a value outside `clip` becomes.
  public var outOfRange: OutOfRange = .clip
  /// Numbers: standardised with running statistics, or taken as they are.
  public var normalize: Normalize = .standard
  /// Numbers: a further input that is 1 where the value is absent; only with `missing: impute`, where a file that does not
  /// say has it.
  public var missingIndicator: Bool = false
  /// Categories, crosses, maps, texts: the first rows of the table. Row 0 is for missing values, rows 1 … n for `values`, the rest for
  /// hashed ones.
  public var buckets: Int = 1024
  /// Categories, crosses: further rows, behind `buckets`, that hashed values get for themselves once they were met often enough;
  /// without `values`, a file that does not say has as many as `buckets`, 1,024 at most.
  public var ownRows: Int = 0
  /// Categories, crosses, maps, texts, parts of times: width of the embedding.
  public var dimension: Int = 8
  /// Categories: the most values a record has; more than 1: a list, whose rows are combined into one.
  public var valuesMax: Int = 1
  /// Lists of categories: how their rows become one.
  public var combine: Combine = .mean
  /// Categories: the known values; empty: any.
  public var values: [String] = []
  /// Categories: what a value outside `values` becomes.
  public var unknown: UnknownCategory = .hash
  /// Maps and texts: the most different keys, or tokens and their runs, of a record.
  public var keysMax: Int = 4096
  /// Maps and texts: what their weights are divided by.
  public var norm: Norm = .l2
  /// Texts: up to how many tokens in a row are a key too.
  public var ngrams: Int = 1
  /// Crosses: what is combined, by the names of features, or of parts of times.
  public var of: [String] = []
  /// Which of these the file leaves to a default that older models know nothing of.
  public internal(set) var assumed = AssumedKeys()

  /// Whether it has a value of its own in a record; a cross is made of other features.
  public var isRead: Bool { type != .cross }
  /// Whether a record names any number of rows, each with a weight.
  public var isSparse: Bool { type == .map || type == .text }
  /// The most rows that a record names, where the feature is sparse.
  public var pairsMax: Int { keysMax }

  public init(name: String, path: String? = nil, type: FeatureType) {
    self.name = name
    self.path = path ?? name
    self.type = type
  }
}
