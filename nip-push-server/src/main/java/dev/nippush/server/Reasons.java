package dev.nippush.server;

import java.io.IOException;
import java.net.BindException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;

/** Exceptions in the words of a user, who knows files and ports and no classes. */
final class Reasons {

    private Reasons() {}

    /** One line. */
    static String of(Throwable failure) {
        if (failure instanceof AccessDeniedException) {
            return "permission denied: " + failure.getMessage();
        }
        if (failure instanceof NoSuchFileException) {
            return "there is no " + failure.getMessage();
        }
        if (failure instanceof IOException && failure.getCause() instanceof BindException bind) {
            return of(bind);
        }
        String message = failure.getMessage();
        String text = message == null || message.isBlank() ? failure.getClass().getSimpleName() : message;
        return text.lines().findFirst().orElse(text);
    }
}
