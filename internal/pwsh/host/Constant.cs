using System;
using System.Globalization;
using System.Management.Automation.Language;
using System.Text;

namespace MM;

/// <summary>The text of expressions that have the same value whenever they run: strings, numbers, $true, $false, $null, and
/// arrays of those. Nothing is evaluated.</summary>
static class Constant
{
    const int MaxText = 4096, MaxElements = 1000;

    /// <summary>The argument that an expression makes.</summary>
    public static Argument Of(Ast expression)
    {
        var text = new StringBuilder();
        return Append(expression, text, 0) && text.Length <= MaxText
            ? new Argument(text.ToString(), false) : new Argument("", true);
    }

    /// <summary>The text of a constant string; null for anything else.</summary>
    public static string String(Ast expression)
    {
        Argument argument = Of(expression);
        return argument.Dynamic ? null : argument.Text;
    }

    static bool Append(Ast ast, StringBuilder text, int depth)
    {
        if (depth > 16 || text.Length > MaxText) return false;
        switch (ast)
        {
            case StringConstantExpressionAst s: text.Append(s.Value); return true;
            case ExpandableStringExpressionAst e when e.NestedExpressions.Count == 0: text.Append(e.Value); return true;
            case ConstantExpressionAst c: text.Append(Convert.ToString(c.Value, CultureInfo.InvariantCulture)); return true;
            case VariableExpressionAst { Splatted: false } v when v.VariablePath.UserPath.ToLowerInvariant()
                is "true" or "false" or "null":
                text.Append('$').Append(v.VariablePath.UserPath.ToLowerInvariant());
                return true;
            case UnaryExpressionAst { TokenKind: TokenKind.Minus } u:
                text.Append('-');
                return Append(u.Child, text, depth + 1);
            case ArrayLiteralAst list when list.Elements.Count <= MaxElements:
                for (int i = 0; i < list.Elements.Count; i++)
                {
                    if (i > 0) text.Append(',');
                    if (!Append(list.Elements[i], text, depth + 1)) return false;
                }
                return true;
            case ParenExpressionAst p: return AppendStatement(p.Pipeline, text, depth);
            case ArrayExpressionAst a when a.SubExpression.Traps == null && a.SubExpression.Statements.Count <= MaxElements:
                for (int i = 0; i < a.SubExpression.Statements.Count; i++)
                {
                    if (i > 0) text.Append(',');
                    if (!AppendStatement(a.SubExpression.Statements[i], text, depth)) return false;
                }
                return true;
            default: return false;
        }
    }

    static bool AppendStatement(Ast statement, StringBuilder text, int depth) =>
        statement is PipelineAst { PipelineElements: { Count: 1 } } p &&
        p.PipelineElements[0] is CommandExpressionAst { Redirections: { Count: 0 } } c && Append(c.Expression, text, depth + 1);
}
