import CPostgres

/// The rows that a statement gave, held in libpq's memory until the last reference goes.
///
/// Used on the thread of its session only.
public final class PostgresRows {
  private let result: OpaquePointer
  private let columns: [String: Int32]
  public let count: Int

  init(owning result: OpaquePointer) {
    self.result = result
    count = Int(PQntuples(result))
    var columns: [String: Int32] = [:]
    for column in 0..<PQnfields(result) { columns[String(cString: PQfname(result, column))] = column }
    self.columns = columns
  }

  deinit { PQclear(result) }

  /// Rows inserted, changed, deleted or selected.
  public var affected: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

  /// What the server says it did, as in `INSERT 0 1`.
  var command: String { String(cString: PQcmdStatus(result)) }

  public subscript(row: Int) -> PostgresRow {
    precondition(row >= 0 && row < count, "row \(row) of \(count)")
    return PostgresRow(rows: self, number: Int32(row))
  }

  public var first: PostgresRow? { count > 0 ? self[0] : nil }

  public func map<Value>(_ transform: (PostgresRow) throws -> Value) rethrows -> [Value] {
    try (0..<count).map { try transform(self[$0]) }
  }

  /// Calls `body` with the bytes and type of a value, or gives nil for SQL's NULL.
  fileprivate func withValue<Value>(
    _ row: Int32, _ name: String, _ body: (UnsafeRawBufferPointer, UInt32) -> Value?
  ) throws -> Value? {
    guard let column = columns[name] else {
      throw PostgresError(.unexpectedResult, "the answer has no column “\(name)”")
    }
    if PQgetisnull(result, row, column) == 1 { return nil }
    let bytes = UnsafeRawBufferPointer(
      start: PQgetvalue(result, row, column), count: Int(PQgetlength(result, row, column)))
    let type = PQftype(result, column)
    guard let value = body(bytes, type) else {
      throw PostgresError(.unexpectedResult, "column “\(name)” (type \(type)) does not hold a \(Value.self)")
    }
    return value
  }
}

/// One row; valid as long as its `PostgresRows`.
public struct PostgresRow {
  fileprivate let rows: PostgresRows
  fileprivate let number: Int32

  /// The value of a column that is never NULL.
  ///
  /// - Throws: `PostgresError.unexpectedResult` for NULL, another type or an unknown name.
  public func value<Value: PostgresDecodable>(_ name: String) throws -> Value {
    guard let value: Value = try optional(name) else {
      throw PostgresError(.unexpectedResult, "column “\(name)” is null")
    }
    return value
  }

  /// The value of a column, nil for NULL.
  public func optional<Value: PostgresDecodable>(_ name: String) throws -> Value? {
    try rows.withValue(number, name) { Value.decode($0, typeID: $1) }
  }

  /// Calls `body` with the bytes of a `bytea` column where they lie.
  public func withBytes<Value>(_ name: String, _ body: (UnsafeRawBufferPointer) throws -> Value) throws -> Value {
    let outcome: Result<Value, any Error>? = try rows.withValue(number, name) { bytes, type in
      type == TypeID.bytea ? Result { try body(bytes) } : nil
    }
    guard let outcome else { throw PostgresError(.unexpectedResult, "column “\(name)” is null") }
    return try outcome.get()
  }
}
