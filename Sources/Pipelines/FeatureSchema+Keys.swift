extension FeatureSchema {
  static let section: Section<FeatureSchema> = Section(
    doc:
      "What a record holds and what becomes of each value. Places are dotted paths: x.carrier is the key carrier in the object x, x\\.carrier or [x.carrier] the key x.carrier.",
    prototype: FeatureSchema(label: LabelSettings(path: ""), features: []),
    keys: [
      Key("id", \.id, .ifGiven(.path), "Where the record's id is: dead-letters shows it."),
      Key(
        "event_time", \.eventTime, .ifGiven(.path),
        "Where the event time is: a number since 1970 or ISO 8601. A record without one is then rejected."),
      Key("label", \.label, LabelSettings.section.kind, isRequired: true, LabelSettings.section.doc),
      Key("label_time", \.labelTime, .ifGiven(.path), "Where the time is at which the label became known."),
      Key(
        "weight", \.weight, .ifGiven(.path),
        "Where it says how much the record counts: a number of 0 to 1000000, 1 where there is none. 2 is the record twice, within its step; 0: it is predicted, and teaches nothing. A record with another value is rejected."
      ),
      Key(
        "time_unit", \.timeUnit, .choice,
        "What times that are numbers count since 1970: s, ms, us or ns; auto: the first of these in which the number is of the years 1 to 9999, which is right from 12 January 1978 on. Times are of the years 1 to 9999."
      ),
      Key(
        "coerce", \.coerce, .boolean,
        "Whether texts count as what they spell (\"1.28\", \"True\"), with NaN, NA, N/A, null, None and nothing as absent, truths as 1 and 0, and truths and fractions as categories: for label, times and every feature that says nothing else."
      ),
      Key(
        "features", \.features,
        .list(of: FeatureSettings.section.kind, "a list of features, each with name and type", count: 1...10_000),
        isRequired: true, "The declared fields, in the order of the model's inputs."),
    ])
}

extension LabelSettings {
  static let section: Section<LabelSettings> = Section(
    doc: "What the model learns to predict; a record without a label is predicted, not learned.",
    prototype: LabelSettings(path: ""),
    keys: [
      Key(
        "path", \.path, .path, isRequired: true, "Where the label is: 0 or 1, true or false; a class name; a number."),
      Key(
        "classes", \.classNaming, .classNaming,
        "The class names, in the order of the outputs; binary: none, or two, [what counts 0, what counts 1]; multiclass: auto finds them as they come in the records, and every checkpoint carries those found until then."
      ),
      Key(
        "classes_max", \.classesMax, .integer(2...1024),
        onlyIf: Condition("is for classes that are found", "leave it out, or write `classes: auto`", \.findsClasses),
        "How many classes are found at most, which the model has outputs for from the start; a record of one more is rejected."
      ),
      Key(
        "clip", \.clip, .ifGiven(.range),
        "Of a number (`task: regression`): the values that are learned, as [lowest, highest], and what all measures are of; without it any number that a 32-bit float holds."
      ),
      Key(
        "out_of_range", \.outOfRange, .choice,
        onlyIf: Condition("needs a range", "add `clip: [lowest, highest]`, or leave it out") { $0.clip != nil },
        "What a label outside clip becomes: the nearest bound, or a rejected record."),
    ],
    remedyOfWord: { "`label: { path: \($0) }`" })
}

extension FeatureSettings {
  static let bucketsRange = 2...(1 << 28)

  private static let isRead = Condition<FeatureSettings>(
    "means nothing for a cross", "leave it out: its members say it"
  ) { $0.isRead }
  private static let isNormalized = Condition<FeatureSettings>({ $0.type.isNumeric }) { feature in
    let norm = "leave it out: a \(feature.type.rawValue) has `norm`"
    return (
      "means nothing for a \(feature.type.rawValue)", feature.isSparse ? norm : "leave it out, or make it a float"
    )
  }
  private static let hasIndicator = Condition<FeatureSettings>({ $0.type.isNumeric }) { feature in
    let remedy = "leave it out: what is absent has a row of its own"
    return ("is for numbers, not for a \(feature.type.rawValue)", remedy)
  }
  private static let isRanged = Condition<FeatureSettings>({ $0.type == .float || $0.type == .timestamp }) {
    ("means nothing for a \($0.type.rawValue)", "leave it out, or make it a float")
  }
  private static let isClipped = Condition<FeatureSettings>({ [.float, .timestamp, .map].contains($0.type) }) {
    ("means nothing for a \($0.type.rawValue)", "leave it out, or make it a float")
  }
  private static let hasTable = Condition<FeatureSettings>(
    "is for categories, crosses, maps and texts only", "leave it out, or write `type: category`"
  ) { !$0.type.isNumeric }
  private static let isSparse = Condition<FeatureSettings>(
    "is for maps and texts only", "leave it out, or write `type: map`", \.isSparse)
  private static let isCategory = Condition<FeatureSettings>(
    "is for categories only", "leave it out, or write `type: category`"
  ) { $0.type == .category }

  private static let isHashed = Condition<FeatureSettings>({ $0.hashes }) { feature in
    let problem = "is for categories and crosses that are hashed"
    if feature.type == .category { return (problem, "leave it out, or write `unknown: hash`") }
    return (
      problem,
      feature.isSparse
        ? "leave it out: the keys of a \(feature.type.rawValue) share `buckets`, of which there may be more"
        : "leave it out, or write `type: category`"
    )
  }
  private static let hasStrangers = Condition<FeatureSettings>({ !$0.values.isEmpty }) { feature in
    feature.type == .category
      ? ("needs the known values", "add `values: [...]`, or leave it out")
      : ("is for categories with `values` only", "leave it out")
  }

  static let section: Section<FeatureSettings> = Section(
    doc: "One declared field.",
    prototype: FeatureSettings(name: "", path: "", type: .float),
    keys: commonKeys + numberKeys + timeKeys + categoryKeys + sparseKeys,
    remedyOfWord: {
      "`{ name: \($0), type: float }` for a number, `{ name: \($0), type: category }` for a name; 'retrainctl init RECORDS' writes "
        + "it for every field of a file"
    })

  // In parts: the compiler takes minutes over one long list.
  private static let commonKeys: [Key<FeatureSettings>] = [
    Key("name", \.name, .line("a name"), isRequired: true, "The feature's name in reports and requests."),
    Key("path", \.path, .path, onlyIf: isRead, "Where the value is; without it the name."),
    Key(
      "type", \.type, .choice, isRequired: true,
      "float: a number; bool: true, false, 1 or 0; timestamp: a number since 1970 or ISO 8601, as epoch seconds; category: text or a whole number (1, 1.0 and 1e0 are one, and the text \"1\" too), hashed into an embedding; map: an object whose keys are hashed, each with its value as weight (a text makes key=text a key), as bags of words come; text: its words, hashed, with their number as weight; cross: the values of two to four others (`of`) together, hashed as one category."
    ),
    Key(
      "missing", \.missing, .missing, onlyIf: isRead,
      "What an absent or null value becomes: impute (the running mean; a row of its own for categories, maps and texts), reject, or a number."
    ),
  ]

  private static let numberKeys: [Key<FeatureSettings>] = [
    Key(
      "unit", \.unit, .ifGiven(.choice),
      onlyIf: Condition("is for timestamps only", "leave it out, or write `type: timestamp`") {
        $0.type == .timestamp
      },
      "What the number counts since 1970; without it what the schema's time_unit says."),
    Key(
      "coerce", \.coerce, .ifGiven(.boolean), onlyIf: isRead,
      "Whether a text counts as what it spells; without it what the schema's coerce says."),
    Key(
      "origin", \.origin, .ifGiven(.number(-1e30...1e30)), onlyIf: isRanged,
      "Subtracted in double precision before the value becomes a 32-bit float, which tells whole numbers apart up to 16777216 only. Everything but clip, missing and parts sees what is left. Without it 0; of a timestamp 1700000000 (14 November 2023), so that a minute is told apart from 2007 to 2040, or what it has learned with."
    ),
    Key(
      "clip", \.clip, .ifGiven(.range), onlyIf: isClipped,
      "The values that are allowed (of a map: each), as [lowest, highest]; without it any number that a 32-bit float holds."
    ),
    Key(
      "out_of_range", \.outOfRange, .choice,
      onlyIf: Condition({ $0.clip != nil }) { feature in
        let takesRange = [.float, .timestamp, .map].contains(feature.type)
        return ("needs a range", takesRange ? "add `clip: [lowest, highest]`, or leave it out" : "leave it out")
      },
      "What a value outside clip becomes: the nearest bound, or a rejected record."),
    Key(
      "normalize", \.normalize, .choice, onlyIf: isNormalized,
      "standard: by running mean and standard deviation; none: as it is."),
    Key(
      "missing_indicator", \.missingIndicator, .boolean, onlyIf: hasIndicator, hasOwnDefault: false,
      "A further input that is 1 where the value is absent; needs `missing: impute`, and is there then unless this is false. A model that was learned without it stays without it until this is true."
    ),
  ]

  private static let hasParts = Condition<FeatureSettings>(
    "is for the parts of a time", "leave it out, or add `parts: [hour, weekday]`"
  ) { !$0.parts.isEmpty }

  private static let timeKeys: [Key<FeatureSettings>] = [
    Key(
      "parts", \.parts,
      .list(
        of: .choice, "a list of parts, such as [hour, weekday, month]", count: 0...TimePart.allCases.count,
        isHiddenWhenEmpty: true),
      onlyIf: Condition("is for timestamps only", "leave it out, or write `type: timestamp`") {
        $0.type == .timestamp
      },
      "What of the calendar is an input of its own beside the time, each a category with one row a value (and one for times that are absent): minute, hour, hour_of_week (168), weekday (Monday is 1), day_of_month, day_of_year, month. Reports name them as in departure.hour."
    ),
    Key(
      "time_zone", \.timeZone, .timeZone, onlyIf: hasParts,
      "Whose calendar and clocks, by the name of the IANA, such as Europe/Berlin, with every summer time from 1900 to 2099."
    ),
  ]

  private static let categoryKeys: [Key<FeatureSettings>] = [
    Key(
      "buckets", \.buckets, .integer(bucketsRange), onlyIf: hasTable,
      "Rows of the hashed table; row 0 is for missing values."),
    Key(
      "own_rows", \.ownRows, .integer(0...65_536), onlyIf: isHashed, hasOwnDefault: false,
      "Rows behind the buckets, one for each of the values that were met first in three records; all others share the buckets by their hash. Without it as many as buckets, 1024 at most; with values 0. A model that was learned without them stays without them until this is written."
    ),
    Key(
      "dimension", \.dimension, .integer(1...1024),
      onlyIf: Condition(
        "is for categories, crosses, maps, texts and parts of times only", "leave it out, or write `type: category`"
      ) { !$0.type.isNumeric || !$0.parts.isEmpty }, "Width of the embedding; of parts of a time, of each."),
    Key(
      "values_max", \.valuesMax, .integer(1...1024), onlyIf: isCategory,
      "The most values a record has. More than 1: the field is a list, a longer one is rejected, and an empty one says nothing."
    ),
    Key(
      "combine", \.combine, .choice,
      onlyIf: Condition("is for lists of categories only", "leave it out, or add `values_max: 16`") {
        $0.valuesMax > 1
      }, "How the rows of a list become one: sum, mean, or sqrtn (the sum over the root of their number)."),
    Key(
      "values", \.values,
      .list(of: .line("a value"), "a list of the known values", count: 0...100_000, isHiddenWhenEmpty: true),
      onlyIf: isCategory,
      "The known values, each with a row of its own; without it any value, hashed."),
    Key(
      "unknown", \.unknown, .choice,
      onlyIf: hasStrangers,
      "What a value outside values becomes: hash (a row of the others), missing, or a rejected record."),
  ]
}

extension FeatureSettings {
  private static let sparseKeys: [Key<FeatureSettings>] = [
    Key(
      "keys_max", \.keysMax, .integer(1...65_536), onlyIf: isSparse,
      "The most different keys of a map, or words (and runs of them) of a text: a larger map is rejected, a longer text cut."
    ),
    Key(
      "norm", \.norm, .choice, onlyIf: isSparse,
      "What the weights of a record are divided by: l2, the root of the sum of their squares, so that long records weigh what short ones do; l1, the sum of their magnitudes; none: values count as they are."
    ),
    Key(
      "ngrams", \.ngrams, .integer(1...3),
      onlyIf: Condition("is for texts only", "leave it out, or write `type: text`") { $0.type == .text },
      "Up to how many words in a row are a key too: 2 adds pairs of neighbours."),
    Key(
      "of", \.of,
      .list(of: .line("a name"), "a list of two to four features", count: 2...4, isHiddenWhenEmpty: true),
      onlyIf: Condition("is for crosses only", "leave it out, or write `type: cross`") { $0.type == .cross },
      "What is combined, by name: categories, numbers and truths with one value each, and parts of times, such as departure.hour. Where one of them is absent, the cross is."
    ),
  ]
}

extension ValueKind where Value == FeatureSettings.Missing {
  static let missing = ValueKind(
    expects: "impute, reject, or a number",
    schema: [
      .init(
        "anyOf",
        .list([
          .mapping([.init("enum", .list([.text("impute"), .text("reject")]))]),
          .mapping([.init("type", .text("number"))]),
        ]))
    ],
    read: { node, path, reader in
      switch node.content {
      case .unreadable: return nil
      case .scalar(let scalar):
        if scalar.text == "impute" { return .impute }
        if scalar.text == "reject" { return .reject }
        if let value = finiteNumber(scalar), Float(value).isFinite { return .value(value) }
      default: break
      }
      reader.note(at: node.place, "\(path) is \(node.summary)", "write impute, reject, or a number")
      return nil
    },
    write: { missing in
      switch missing {
      case .impute: .text("impute")
      case .reject: .text("reject")
      case .value(let value): .number(value)
      }
    })
}

extension ValueKind where Value == ClosedRange<Double> {
  static let range = ValueKind(
    expects: "[lowest, highest]",
    schema: [
      .init("type", .text("array")), .init("items", .mapping([.init("type", .text("number"))])),
      .init("minItems", .integer(2)), .init("maxItems", .integer(2)),
    ],
    read: { node, path, reader in
      if case .unreadable = node.content { return nil }
      guard case .sequence(let ends) = node.content, ends.count == 2 else {
        reader.note(at: node.place, "\(path) is \(node.summary)", "write [lowest, highest]")
        return nil
      }
      let limit = Double(Float.greatestFiniteMagnitude)
      let bound = ValueKind<Double>.number(-limit...limit)
      guard let low = bound.read(ends[0], "\(path)[0]", reader), let high = bound.read(ends[1], "\(path)[1]", reader)
      else { return nil }
      guard low < high else {
        reader.note(at: node.place, "\(path) has no room between its ends", "write the lower one first")
        return nil
      }
      return low...high
    }, write: { .list([.number($0.lowerBound), .number($0.upperBound)]) })
}
