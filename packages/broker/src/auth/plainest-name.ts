/**
 * One spelling for all user names that directories and databases may take for the same: whatever the case, the spaces,
 * the form of the characters and those that do not show (RFC 4518 section 2).
 *
 * @example plainestName(' Ann') // 'ann'
 */
export const plainestName = (name: string): string =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .normalize('NFKC')
    .replace(/[\p{Default_Ignorable_Code_Point}\p{Cc}]/gu, '')
    .replace(/\s+/g, ' ')
    .trim();
