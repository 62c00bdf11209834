import CJSON
public import Vocabulary

/// What happened to the values of one decoded record, by field; valid until its decoder decodes the next.
public struct FieldMarks {
  let fields: UnsafeBufferPointer<Int32>
  /// By field; bits of `CJSON_MARK_…`.
  let marks: UnsafePointer<UInt8>?

  package init(fields: UnsafeBufferPointer<Int32>, marks: UnsafePointer<UInt8>?) {
    self.fields = fields
    self.marks = marks
  }

  /// Nothing did.
  public static var none: FieldMarks { FieldMarks(fields: UnsafeBufferPointer(start: nil, count: 0), marks: nil) }

  public var isEmpty: Bool { fields.isEmpty }

  /// Calls `body` with each notice about a field: absent, clipped or unknown.
  public func forEach(_ body: (_ field: Int, FieldNotice) -> Void) {
    guard let marks else { return }
    for field in fields {
      let mark = marks[Int(field)]
      if mark & UInt8(CJSON_MARK_MISSING) != 0 { body(Int(field), .missing) }
      if mark & UInt8(CJSON_MARK_CLIPPED) != 0 { body(Int(field), .clipped) }
      if mark & UInt8(CJSON_MARK_UNKNOWN) != 0 { body(Int(field), .unknown) }
    }
  }

  /// Calls `body` with each field that held a category outside the known values.
  public func forEachUnknown(_ body: (_ field: Int) -> Void) {
    guard let marks else { return }
    for field in fields where marks[Int(field)] & UInt8(CJSON_MARK_UNKNOWN) != 0 { body(Int(field)) }
  }

  /// Calls `body` with each field whose value was absent.
  public func forEachMissing(_ body: (_ field: Int) -> Void) {
    guard let marks else { return }
    for field in fields where marks[Int(field)] & UInt8(CJSON_MARK_MISSING) != 0 { body(Int(field)) }
  }
}

/// How often what happened to which field in the records that one step takes. Step thread only.
///
/// Counted are records: a list of which three values are unknown is one. Memory is kept from step to step.
public final class FieldTally {
  /// By `FieldCode.rawValue`.
  private let counts: UnsafeMutablePointer<UInt32>
  private let size: Int
  /// The codes that are not zero.
  public private(set) var codes: [FieldCode] = []

  /// - Parameter fieldCount: Declared fields: features, labels and times.
  public init(fieldCount: Int) {
    size = (fieldCount + 1) * FieldNotice.count
    counts = .allocate(capacity: size)
    counts.initialize(repeating: 0, count: size)
    codes.reserveCapacity(min(size, 256))
  }

  deinit { counts.deallocate() }

  public var isEmpty: Bool { codes.isEmpty }

  /// Whether the code is about a declared field.
  public func knows(_ code: FieldCode) -> Bool { code.rawValue >= 0 && code.rawValue < size }

  public func count(of code: FieldCode) -> UInt32 { counts[Int(code.rawValue)] }

  public func add(_ code: FieldCode) {
    precondition(knows(code), "a notice about a field that is not declared")
    if counts[Int(code.rawValue)] == 0 { codes.append(code) }
    counts[Int(code.rawValue)] += 1
  }

  /// Says how often, whatever was said before.
  public func set(_ code: FieldCode, to count: UInt32) {
    precondition(knows(code), "a notice about a field that is not declared")
    if counts[Int(code.rawValue)] == 0, count > 0 { codes.append(code) }
    counts[Int(code.rawValue)] = count
  }

  /// Adds one kept record's marks, one byte a field.
  func add(marks: UnsafePointer<UInt8>, fieldCount: Int) {
    for field in 0..<fieldCount where marks[field] != 0 {
      let mark = marks[field]
      if mark & UInt8(CJSON_MARK_MISSING) != 0 { add(FieldCode(field: field, .missing)) }
      if mark & UInt8(CJSON_MARK_CLIPPED) != 0 { add(FieldCode(field: field, .clipped)) }
      if mark & UInt8(CJSON_MARK_UNKNOWN) != 0 { add(FieldCode(field: field, .unknown)) }
    }
  }

  public func clear() {
    for code in codes { counts[Int(code.rawValue)] = 0 }
    codes.removeAll(keepingCapacity: true)
  }
}
