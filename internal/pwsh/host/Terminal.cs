using System;
using System.Collections.Generic;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace MM;

/// <summary>The PSHost of the session: no person is there. It is not named ConsoleHost, for modules look for that name and
/// then write to the console.</summary>
sealed class Terminal : PSHost
{
    readonly Screen screen;

    public Terminal(Screen screen, CultureInfo culture)
    {
        this.screen = screen;
        CurrentCulture = culture;
        CurrentUICulture = culture;
    }

    public override CultureInfo CurrentCulture { get; }
    public override CultureInfo CurrentUICulture { get; }
    public override Guid InstanceId { get; } = Guid.NewGuid();
    public override string Name => "mm";
    public override PSHostUserInterface UI => screen;
    public override Version Version { get; } = new Version(1, 0);

    public override void EnterNestedPrompt() => throw Screen.NobodyIsThere("a nested prompt");
    public override void ExitNestedPrompt() { }
    public override void NotifyBeginApplication() { }
    public override void NotifyEndApplication() { }

    /// <summary>exit N ends the script. The session goes on.</summary>
    public override void SetShouldExit(int exitCode)
    {
        if (screen.Capture is Capture capture) capture.Exit = exitCode;
    }
}

/// <summary>What is written to the host appears in the text, in its place. Whoever asks is told that nobody can answer.</summary>
sealed class Screen : PSHostUserInterface
{
    /// <summary>The running command's; null between commands.</summary>
    public volatile Capture Capture;

    public override PSHostRawUserInterface RawUI { get; } = new Window();
    public override bool SupportsVirtualTerminal => false;

    public override void Write(string value) => Capture?.Append(value ?? "", false);
    public override void Write(ConsoleColor foreground, ConsoleColor background, string value) => Write(value);
    public override void WriteLine(string value) => Capture?.Append(value ?? "", true);
    public override void WriteErrorLine(string value) => WriteLine(value);

    // These come a second time, as records of their streams.
    public override void WriteDebugLine(string message) { }
    public override void WriteVerboseLine(string message) { }
    public override void WriteWarningLine(string message) { }
    public override void WriteProgress(long sourceId, ProgressRecord record) { }

    public override string ReadLine() => throw NobodyIsThere("input");
    public override SecureString ReadLineAsSecureString() => throw NobodyIsThere("input");

    public override Dictionary<string, PSObject> Prompt(string caption, string message,
        Collection<FieldDescription> descriptions)
    {
        var names = new List<string>();
        foreach (FieldDescription field in descriptions)
            if (field.Name.Length > 0 && !field.Name.Contains('`')) names.Add(field.Name); // Read-Host has the name of a type there
        throw NobodyIsThere(names.Count == 0 ? "input" : "input (" + string.Join(", ", names) + ")");
    }

    public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices,
        int defaultChoice) => throw NobodyIsThere("a choice (" + message + ")");

    public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName) =>
        throw NobodyIsThere("a credential");

    public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName,
        PSCredentialTypes allowedCredentialTypes, PSCredentialUIOptions options) => throw NobodyIsThere("a credential");

    public static HostException NobodyIsThere(string asked) => new HostException(
        "The command asked for " + Text.Cut(asked, 500) + ", and nobody can answer here. Pass it as a parameter; for a " +
        "confirmation add -Confirm:$false.", null, "NobodyCanAnswer", ErrorCategory.InvalidOperation);
}

/// <summary>A window without keys. Modules read its size and fail where there is none.</summary>
sealed class Window : PSHostRawUserInterface
{
    public override ConsoleColor BackgroundColor { get; set; } = ConsoleColor.Black;
    public override ConsoleColor ForegroundColor { get; set; } = ConsoleColor.Gray;
    public override Size BufferSize { get; set; } = new Size(120, 3000);
    public override Coordinates CursorPosition { get; set; }
    public override int CursorSize { get; set; } = 25;
    public override bool KeyAvailable => false;
    public override Size MaxPhysicalWindowSize => new Size(10000, 3000);
    public override Size MaxWindowSize => new Size(10000, 3000);
    public override Coordinates WindowPosition { get; set; }
    public override Size WindowSize { get; set; } = new Size(120, 50);
    public override string WindowTitle { get; set; } = "mm";

    public override void FlushInputBuffer() { }
    public override BufferCell[,] GetBufferContents(Rectangle rectangle) => new BufferCell[0, 0];
    public override KeyInfo ReadKey(ReadKeyOptions options) => throw Screen.NobodyIsThere("a key");
    public override void ScrollBufferContents(Rectangle source, Coordinates destination, Rectangle clip, BufferCell fill) { }
    public override void SetBufferContents(Rectangle rectangle, BufferCell fill) { }
    public override void SetBufferContents(Coordinates origin, BufferCell[,] contents) { }
}
