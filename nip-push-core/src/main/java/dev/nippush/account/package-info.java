/**
 * What an account is: its registration, its devices, its marks, and which events it wants. Pure values; imports events,
 * addresses and control messages.
 */
@NullMarked
package dev.nippush.account;

import org.jspecify.annotations.NullMarked;
