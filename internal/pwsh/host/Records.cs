using System;
using System.Collections.Generic;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text.Json;

namespace MM;

/// <summary>The streams and errors of a command, and its answer.</summary>
sealed partial class Capture
{
    const int MaxRecords = 10_000, MaxErrors = 1000, MaxShown = 100, MaxErrorText = 256 << 10;
    const long MaxRecordBytes = 6 << 20;

    readonly object recording = new object();
    readonly List<string> warning = new(), verbose = new(), debug = new(), information = new();
    readonly List<Failure> errors = new();
    int records;
    long recordBytes, droppedRecords;

    /// <summary>The errors to be rendered at the end of the text.</summary>
    public readonly List<ErrorRecord> Shown = new();

    /// <summary>Takes the streams' records as they come. Removing them is all that is done with the collection: working
    /// on it longer would hold its lock.</summary>
    public void Listen(PSDataStreams streams)
    {
        Each(streams.Warning, r => Add("warning", warning, r.Message));
        Each(streams.Verbose, r => Add("verbose", verbose, r.Message));
        Each(streams.Debug, r => Add("debug", debug, r.Message));
        Each(streams.Information, r => Add("information", information, r.ToString()));
        Each(streams.Error, r => Add(r, false));
        Each(streams.Progress, Add);
    }

    static void Each<T>(PSDataCollection<T> stream, Action<T> take) =>
        stream.DataAdded += (sender, added) => { foreach (T record in stream.ReadAll()) take(record); };

    void Add(string stream, List<string> list, string message)
    {
        string plain = Text.Plain(message);
        lock (recording)
        {
            if (closed || !Room(plain)) return;
            list.Add(plain);
            outbox.Stream(request.Id, new StreamEntry(stream, plain));
        }
    }

    void Add(ErrorRecord record, bool terminating)
    {
        var failure = new Failure(record, terminating);
        lock (recording)
        {
            if (closed) return;
            HadErrors = true;
            if (errors.Count >= MaxErrors && !terminating) droppedRecords++;
            else if (Room(failure.Message))
            {
                errors.Add(failure);
                if (Shown.Count < MaxShown) Shown.Add(record);
                outbox.Stream(request.Id, new StreamEntry("error", failure.Message));
            }
        }
    }

    void Add(ProgressRecord record)
    {
        string activity = Text.Cut(Text.Plain(record.Activity), 1000);
        string status = Text.Cut(Text.Plain(record.StatusDescription), 1000);
        lock (recording)
            if (!closed) outbox.Stream(request.Id, new StreamEntry("progress", status, activity, record.PercentComplete));
    }

    /// <summary>True, and counted, where the bounds allow one more record. recording is held.</summary>
    bool Room(string text)
    {
        long bytes = Text.JsonLength(text) + 64;
        if (records >= MaxRecords || recordBytes + bytes > MaxRecordBytes)
        {
            droppedRecords++;
            return false;
        }
        records++;
        recordBytes += bytes;
        return true;
    }

    /// <summary>The command ended by an exception.</summary>
    public void Threw(RuntimeException e)
    {
        ErrorRecord record = e.ErrorRecord;
        // A record that belongs to its own exception has a stand-in for it, whose name tells nobody anything.
        if (record.Exception is ParentContainsErrorRecordException) record = new ErrorRecord(record, e);
        Threw(record);
    }

    /// <summary>The command ended by a terminating error.</summary>
    public void Threw(ErrorRecord record)
    {
        if (why.Length == 0) why = "threw";
        Add(record, true);
    }

    /// <summary>The pipeline was stopped: by a cancel, for runaway output, or by an exception of that kind.</summary>
    public void Stopped(bool cancelled, PipelineStoppedException e)
    {
        if (why.Length > 0) return;
        if (cancelled) why = "stopped";
        else Threw((RuntimeException)e);
    }

    /// <summary>The script never ran.</summary>
    public void FailedToParse(ErrorRecord record, ParseError[] issues)
    {
        why = "parse_error";
        HadErrors = true;
        Shown.Add(record);
        foreach (ParseError issue in issues)
        {
            var failure = new Failure(issue);
            if (errors.Count < MaxErrors && Room(failure.Message)) errors.Add(failure);
        }
        if (errors.Count == 0) errors.Add(new Failure(record, true));
    }

    /// <summary>The host could not run the command.</summary>
    public void Fail(Exception e) =>
        Threw(e is IContainsErrorRecord r ? r.ErrorRecord : new ErrorRecord(e, "HostFailed", ErrorCategory.NotSpecified, null));

    /// <summary>Appends the rendered errors. They matter more than the output before them, which makes room.</summary>
    public void AppendErrors(List<string> lines)
    {
        if (!TextWanted) return;
        if (Shown.Count == MaxShown && errors.Count > MaxShown) lines.Add("… and " + (errors.Count - MaxShown) + " more errors.");
        string rendered = Text.Cut(string.Join("\n", lines).TrimEnd(), MaxErrorText) + "\n";
        lock (text)
        {
            int most = Math.Min(rendered.Length, Math.Max(request.MaxChars / 2, request.MaxChars - text.Length));
            string shown = Text.Cut(rendered, most);
            droppedChars += rendered.Length - shown.Length;
            int keep = request.MaxChars - shown.Length;
            if (text.Length > keep)
            {
                if (keep > 0 && char.IsHighSurrogate(text[keep - 1])) keep--;
                droppedChars += text.Length - keep;
                text.Length = keep;
            }
            if (text.Length > 0 && text[^1] != '\n' && shown.Length > 0 && text.Length + shown.Length < request.MaxChars)
                text.Append('\n');
            text.Append(shown);
            if (request.Live) Live(shown);
        }
    }

    /// <summary>Takes nothing more. A thread that a command left behind may still write to its streams.</summary>
    public void Close()
    {
        lock (text) lock (recording) closed = true;
    }

    /// <summary>Writes the members of the result frame, once it is closed.</summary>
    public void Write(Utf8JsonWriter json, string poisoned)
    {
        json.WriteString("op", "result");
        json.WriteString("id", request.Id);
        if (why.Length > 0) json.WriteString("why", why);
        if (text.Length > 0) json.WriteString("text", text.ToString());
        if (walker != null)
        {
            json.WritePropertyName("objects");
            json.WriteRawValue(walker.Finish(), true);
        }
        if (errors.Count > 0)
        {
            json.WriteStartArray("errors");
            foreach (Failure error in errors) error.Write(json);
            json.WriteEndArray();
        }
        json.WriteStartObject("streams");
        Write(json, "warning", warning);
        Write(json, "verbose", verbose);
        Write(json, "debug", debug);
        Write(json, "information", information);
        json.WriteEndObject();
        json.WriteBoolean("had_errors", HadErrors);
        if (Exit is int exit) json.WriteNumber("exit", exit);
        if (LastExit is int last) json.WriteNumber("last_exit_code", last);
        long droppedItems = walker == null ? 0 : items - keptItems;
        if (droppedItems + droppedChars + droppedRecords > 0)
        {
            json.WriteStartObject("truncated");
            json.WriteNumber("kept_items", keptItems);
            json.WriteNumber("dropped_items", droppedItems);
            json.WriteNumber("kept_chars", text.Length);
            json.WriteNumber("dropped_chars", droppedChars);
            json.WriteNumber("dropped_records", droppedRecords);
            json.WriteEndObject();
        }
        json.WriteNumber("ms", clock.Elapsed.TotalMilliseconds);
        if (poisoned != null) json.WriteString("poisoned", poisoned);
    }

    static void Write(Utf8JsonWriter json, string name, List<string> list)
    {
        if (list.Count == 0) return;
        json.WriteStartArray(name);
        foreach (string text in list) json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
