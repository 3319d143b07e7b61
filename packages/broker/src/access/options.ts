/** What a rule lets a client do, or keeps it from: `read` = subscribe and receive, `write` = publish. */
export type Access = 'read' | 'write' | 'readwrite';

/**
 * One rule of the configuration. Each condition that is given (users, roles, groups, clients, anonymous) has to hold;
 * of the names in one list any will do. Without a condition it is for everybody.
 */
export interface RuleOptions {
  /** User names; `*` stands for any characters. Only names that were verified count. */
  readonly user?: string | undefined;
  readonly users?: readonly string[] | undefined;
  /** Roles, exactly as configured or supplied with the login. */
  readonly role?: string | undefined;
  readonly roles?: readonly string[] | undefined;
  /** Groups, exactly as configured or supplied with the login. */
  readonly group?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  /** Client identifiers; `*` stands for any characters. */
  readonly client?: string | undefined;
  readonly clients?: readonly string[] | undefined;
  /** True: only for clients nobody verified. False says the same as leaving it out. */
  readonly anonymous?: boolean | undefined;
  /** What is allowed; a rule has either this or `deny`. */
  readonly allow?: Access | undefined;
  /** What is denied. */
  readonly deny?: Access | undefined;
  /** Topic filters; `%u` and `%c` in them stand for the user name and the client identifier. */
  readonly topic?: string | undefined;
  readonly topics?: readonly string[] | undefined;
}

/** Who has a role, beside those a login brings it for. */
export interface RoleOptions {
  readonly name: string;
  readonly users?: readonly string[] | undefined;
  readonly groups?: readonly string[] | undefined;
}

/** Who belongs to a group, beside those a login says it of. */
export interface GroupOptions {
  readonly name: string;
  readonly users?: readonly string[] | undefined;
}

/** `[authorization]` of the configuration. */
export interface AuthorizationOptions {
  /** Files in the format of mosquitto's `acl_file`. */
  readonly aclFiles?: readonly string[] | undefined;
  /** Users who may do everything. */
  readonly superusers?: readonly string[] | undefined;
  /** What holds where no rule says anything; absent = allow while there is no rule at all, deny once there is one. */
  readonly default?: 'allow' | 'deny' | undefined;
  readonly rules?: readonly RuleOptions[] | undefined;
  readonly roles?: readonly RoleOptions[] | undefined;
  readonly groups?: readonly GroupOptions[] | undefined;
}

/** Where the value at a path of the configuration was given; undefined = nowhere. */
export type OriginOf = (
  path: readonly (string | number)[],
) => { readonly file?: string; readonly line?: number; readonly source?: string } | undefined;
