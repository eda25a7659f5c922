/**
 * Accounts at work: each shard is the only writer of its accounts' registrations, presence, marks and held events. Imports
 * events, addresses, control messages, accounts, push messages, the store, and the rooms of presence, matching, commits
 * and mailboxes.
 */
@NullMarked
package dev.nippush.internal.account;

import org.jspecify.annotations.NullMarked;
