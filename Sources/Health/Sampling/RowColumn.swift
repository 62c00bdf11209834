/// What one column of a sample holds.
public struct RowColumn: Sendable, Hashable {
  public enum Role: String, Sendable, Hashable, CaseIterable {
    case feature
    /// The primary head's label.
    case label
    /// What the model answered before the record was learned.
    case prediction
  }

  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// The bits of a 32-bit float in the field's own unit; NaN: absent.
    case number
    /// The number of a value; 0: absent.
    case category
  }

  public var name: String
  public var role: Role
  public var kind: Kind

  /// Says how values are numbered: columns of two ways are two columns.
  public var reading: UInt64

  public init(_ name: String, _ role: Role, _ kind: Kind, reading: UInt64 = 0) {
    self.reading = reading
    self.name = name
    self.role = role
    self.kind = kind
  }
}

/// One value of a sampled record: a number or the number of a category.
public struct RowCell: Sendable, Hashable {
  public var bits: UInt32

  public init(bits: UInt32) { self.bits = bits }
  public init(_ number: Float) { bits = number.bitPattern }
  public init(category: UInt32) { bits = category }

  public var number: Float { Float(bitPattern: bits) }

  public func isAbsent(in kind: RowColumn.Kind) -> Bool {
    switch kind {
    case .number: number.isNaN
    case .category: bits == 0
    }
  }
}
